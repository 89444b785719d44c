"""DICOM objects for tests and benchmarks, written byte by byte (PS3.5 7, PS3.10 7): no package is needed.

    instance(study=1, series=2, number=3, PatientName="Doe^Jane")  one object's bytes
    study(1, series=2, instances=3)                                a list of such
    report, key_object, presentation_state, pdf, segmentation      objects without an image of their own

`study` and `series` are numbers, from which UIDs are made, or UIDs. Everything is deterministic. Any attribute of
ATTRIBUTES is given by its keyword: text, a number, bytes as they are, a list of such, a list of dictionaries for a
sequence, None to leave it out. Text is encoded by SpecificCharacterSet. Tags beyond the table go in by
`elements={0x00091001: ("LO", "value")}`.
"""

import hashlib
import struct
import zlib

IMPLICIT = "1.2.840.10008.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"
DEFLATED = "1.2.840.10008.1.2.1.99"
BIG_ENDIAN = "1.2.840.10008.1.2.2"
JPEG = "1.2.840.10008.1.2.4.50"
JPEG_LOSSLESS = "1.2.840.10008.1.2.4.70"
JPEG_LS = "1.2.840.10008.1.2.4.80"
JPEG_2000 = "1.2.840.10008.1.2.4.90"
HTJ2K = "1.2.840.10008.1.2.4.201"
RLE = "1.2.840.10008.1.2.5"
NATIVE = (IMPLICIT, EXPLICIT, DEFLATED, BIG_ENDIAN)

SOP_CLASSES = {
    "CT": "1.2.840.10008.5.1.4.1.1.2", "MR": "1.2.840.10008.5.1.4.1.1.4", "US": "1.2.840.10008.5.1.4.1.1.6.1",
    "CR": "1.2.840.10008.5.1.4.1.1.1", "DX": "1.2.840.10008.5.1.4.1.1.1.1", "MG": "1.2.840.10008.5.1.4.1.1.1.2",
    "NM": "1.2.840.10008.5.1.4.1.1.20", "PT": "1.2.840.10008.5.1.4.1.1.128", "OT": "1.2.840.10008.5.1.4.1.1.7",
    "XA": "1.2.840.10008.5.1.4.1.1.12.1", "SR": "1.2.840.10008.5.1.4.1.1.88.11",
    "KO": "1.2.840.10008.5.1.4.1.1.88.59", "PR": "1.2.840.10008.5.1.4.1.1.11.1",
    "DOC": "1.2.840.10008.5.1.4.1.1.104.1", "SEG": "1.2.840.10008.5.1.4.1.1.66.4",
}

ATTRIBUTES = {
    "SpecificCharacterSet": (0x00080005, "CS"), "ImageType": (0x00080008, "CS"), "SOPClassUID": (0x00080016, "UI"),
    "SOPInstanceUID": (0x00080018, "UI"), "StudyDate": (0x00080020, "DA"), "SeriesDate": (0x00080021, "DA"),
    "AcquisitionDate": (0x00080022, "DA"), "ContentDate": (0x00080023, "DA"), "StudyTime": (0x00080030, "TM"),
    "SeriesTime": (0x00080031, "TM"), "AcquisitionTime": (0x00080032, "TM"), "ContentTime": (0x00080033, "TM"),
    "AccessionNumber": (0x00080050, "SH"), "IssuerOfAccessionNumberSequence": (0x00080051, "SQ"),
    "Modality": (0x00080060, "CS"), "ModalitiesInStudy": (0x00080061, "CS"), "Manufacturer": (0x00080070, "LO"),
    "InstitutionName": (0x00080080, "LO"), "ReferringPhysicianName": (0x00080090, "PN"),
    "ReferringPhysicianIdentificationSequence": (0x00080096, "SQ"), "CodeValue": (0x00080100, "SH"),
    "CodingSchemeDesignator": (0x00080102, "SH"), "CodeMeaning": (0x00080104, "LO"),
    "TimezoneOffsetFromUTC": (0x00080201, "SH"), "StationName": (0x00081010, "SH"),
    "StudyDescription": (0x00081030, "LO"), "ProcedureCodeSequence": (0x00081032, "SQ"),
    "SeriesDescription": (0x0008103E, "LO"), "InstitutionalDepartmentName": (0x00081040, "LO"),
    "PerformingPhysicianName": (0x00081050, "PN"), "NameOfPhysiciansReadingStudy": (0x00081060, "PN"),
    "OperatorsName": (0x00081070, "PN"), "ManufacturerModelName": (0x00081090, "LO"),
    "ReferencedSeriesSequence": (0x00081115, "SQ"), "ReferencedSOPClassUID": (0x00081150, "UI"),
    "ReferencedSOPInstanceUID": (0x00081155, "UI"), "ReferencedSOPSequence": (0x00081199, "SQ"),
    "ReferencedInstanceSequence": (0x0008114A, "SQ"), "ReferencedImageSequence": (0x00081140, "SQ"),
    "ReferencedFrameNumber": (0x00081160, "IS"),
    "AnatomicRegionSequence": (0x00082218, "SQ"), "PatientName": (0x00100010, "PN"), "PatientID": (0x00100020, "LO"),
    "IssuerOfPatientID": (0x00100021, "LO"), "IssuerOfPatientIDQualifiersSequence": (0x00100024, "SQ"),
    "PatientBirthDate": (0x00100030, "DA"), "PatientSex": (0x00100040, "CS"),
    "OtherPatientIDsSequence": (0x00101002, "SQ"), "PatientComments": (0x00104000, "LT"),
    "BodyPartExamined": (0x00180015, "CS"), "SliceThickness": (0x00180050, "DS"), "KVP": (0x00180060, "DS"),
    "DeviceSerialNumber": (0x00181000, "LO"), "StudyInstanceUID": (0x0020000D, "UI"),
    "SeriesInstanceUID": (0x0020000E, "UI"), "StudyID": (0x00200010, "SH"), "SeriesNumber": (0x00200011, "IS"),
    "InstanceNumber": (0x00200013, "IS"), "ImagePositionPatient": (0x00200032, "DS"),
    "ImageOrientationPatient": (0x00200037, "DS"), "FrameOfReferenceUID": (0x00200052, "UI"),
    "Laterality": (0x00200060, "CS"), "ImageLaterality": (0x00200062, "CS"), "SamplesPerPixel": (0x00280002, "US"),
    "PhotometricInterpretation": (0x00280004, "CS"), "NumberOfFrames": (0x00280008, "IS"), "Rows": (0x00280010, "US"),
    "Columns": (0x00280011, "US"), "PixelSpacing": (0x00280030, "DS"), "BitsAllocated": (0x00280100, "US"),
    "BitsStored": (0x00280101, "US"), "HighBit": (0x00280102, "US"), "PixelRepresentation": (0x00280103, "US"),
    "WindowCenter": (0x00281050, "DS"), "WindowWidth": (0x00281051, "DS"), "RescaleIntercept": (0x00281052, "DS"),
    "RescaleSlope": (0x00281053, "DS"), "ModalityLUTSequence": (0x00283000, "SQ"), "LUTDescriptor": (0x00283002, "US"),
    "LUTData": (0x00283006, "OW"), "VOILUTSequence": (0x00283010, "SQ"), "RequestingPhysician": (0x00321032, "PN"), "StudyComments": (0x00324000, "LT"),
    "AdmissionID": (0x00380010, "LO"), "UniversalEntityID": (0x00400032, "UT"),
    "UniversalEntityIDType": (0x00400033, "CS"), "LocalNamespaceEntityID": (0x00400031, "UT"),
    "RequestAttributesSequence": (0x00400275, "SQ"), "ScheduledProcedureStepID": (0x00400009, "SH"),
    "RequestedProcedureID": (0x00401001, "SH"), "ReasonForTheRequestedProcedure": (0x00401002, "LO"),
    "ReasonForRequestedProcedureCodeSequence": (0x0040100A, "SQ"), "PersonIdentificationCodeSequence":
    (0x00401101, "SQ"), "RelationshipType": (0x0040A010, "CS"), "ValueType": (0x0040A040, "CS"),
    "ConceptNameCodeSequence": (0x0040A043, "SQ"), "ContinuityOfContent": (0x0040A050, "CS"),
    "TextValue": (0x0040A160, "UT"), "CurrentRequestedProcedureEvidenceSequence": (0x0040A375, "SQ"),
    "CompletionFlag": (0x0040A491, "CS"), "VerificationFlag": (0x0040A493, "CS"), "ContentSequence": (0x0040A730, "SQ"),
    "DocumentTitle": (0x00420010, "ST"), "MIMETypeOfEncapsulatedDocument": (0x00420012, "LO"),
    "EncapsulatedDocument": (0x00420011, "OB"), "SegmentSequence": (0x00620002, "SQ"),
    "SegmentNumber": (0x00620004, "US"), "SegmentLabel": (0x00620005, "LO"), "SegmentationType": (0x00620001, "CS"),
    "ContentLabel": (0x00700080, "CS"), "ContentDescription": (0x00700081, "LO"), "PixelData": (0x7FE00010, "OW"),
    # Of presentation states.
    "ShutterShape": (0x00181600, "CS"), "ShutterLeftVerticalEdge": (0x00181602, "IS"),
    "ShutterRightVerticalEdge": (0x00181604, "IS"), "ShutterUpperHorizontalEdge": (0x00181606, "IS"),
    "ShutterLowerHorizontalEdge": (0x00181608, "IS"), "ShutterPresentationValue": (0x00181622, "US"),
    "SoftcopyVOILUTSequence": (0x00283110, "SQ"), "GraphicAnnotationSequence": (0x00700001, "SQ"),
    "GraphicLayer": (0x00700002, "CS"), "BoundingBoxAnnotationUnits": (0x00700003, "CS"),
    "GraphicAnnotationUnits": (0x00700005, "CS"), "UnformattedTextValue": (0x00700006, "ST"),
    "TextObjectSequence": (0x00700008, "SQ"), "GraphicObjectSequence": (0x00700009, "SQ"),
    "BoundingBoxTopLeftHandCorner": (0x00700010, "FL"), "BoundingBoxBottomRightHandCorner": (0x00700011, "FL"),
    "BoundingBoxTextHorizontalJustification": (0x00700012, "CS"), "GraphicDimensions": (0x00700020, "US"),
    "NumberOfGraphicPoints": (0x00700021, "US"), "GraphicData": (0x00700022, "FL"), "GraphicType": (0x00700023, "CS"),
    "GraphicFilled": (0x00700024, "CS"), "ImageHorizontalFlip": (0x00700041, "CS"), "ImageRotation": (0x00700042, "US"),
    "DisplayedAreaTopLeftHandCorner": (0x00700052, "SL"), "DisplayedAreaBottomRightHandCorner": (0x00700053, "SL"),
    "DisplayedAreaSelectionSequence": (0x0070005A, "SQ"), "GraphicLayerSequence": (0x00700060, "SQ"),
    "GraphicLayerOrder": (0x00700062, "IS"), "GraphicLayerRecommendedDisplayGrayscaleValue": (0x00700066, "US"),
    "PresentationCreationDate": (0x00700082, "DA"), "PresentationCreationTime": (0x00700083, "TM"),
    "ContentCreatorName": (0x00700084, "PN"), "PresentationSizeMode": (0x00700100, "CS"),
    "PresentationPixelAspectRatio": (0x00700102, "IS"), "PresentationPixelMagnificationRatio": (0x00700103, "FL"),
    "PresentationLUTSequence": (0x20500010, "SQ"), "PresentationLUTShape": (0x20500020, "CS"),
}

LONG_VRS = {"OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"}
NUMBERS = {"US": "H", "SS": "h", "UL": "I", "SL": "i", "FL": "f", "FD": "d", "UV": "Q", "SV": "q"}
WITH_CHARACTER_SET = {"LO", "LT", "PN", "SH", "ST", "UC", "UT"}
# The defined terms of PS3.3 C.12.1.1.2: Python's codec, and the escape that it does not write itself.
CHARACTER_SETS = {
    "": ("ascii", b""), "ISO_IR 100": ("latin-1", b""), "ISO_IR 101": ("iso8859-2", b""),
    "ISO_IR 109": ("iso8859-3", b""), "ISO_IR 110": ("iso8859-4", b""), "ISO_IR 144": ("iso8859-5", b""),
    "ISO_IR 127": ("iso8859-6", b""), "ISO_IR 126": ("iso8859-7", b""), "ISO_IR 138": ("iso8859-8", b""),
    "ISO_IR 148": ("iso8859-9", b""), "ISO_IR 13": ("shift_jis", b""), "ISO_IR 166": ("tis-620", b""),
    "ISO_IR 192": ("utf-8", b""), "GB18030": ("gb18030", b""), "GBK": ("gbk", b""),
    "ISO 2022 IR 6": ("ascii", b""), "ISO 2022 IR 87": ("iso2022_jp", b""), "ISO 2022 IR 159": ("iso2022_jp_2", b""),
    "ISO 2022 IR 149": ("euc_kr", b"\x1b$)C"), "ISO 2022 IR 58": ("gb2312", b"\x1b$)A"),
    "ISO 2022 IR 100": ("latin-1", b"\x1b-A"), "ISO 2022 IR 101": ("iso8859-2", b"\x1b-B"),
    "ISO 2022 IR 144": ("iso8859-5", b"\x1b-L"), "ISO 2022 IR 126": ("iso8859-7", b"\x1b-F"),
}


def uid(*parts):
    """A UID of these parts, always the same (PS3.5 B.2: 2.25 and a 128-bit number)."""
    digest = hashlib.sha256("/".join(map(str, parts)).encode()).digest()
    return f"2.25.{int.from_bytes(digest[:16], 'big')}"


def study_uid(study):
    return study if isinstance(study, str) else uid("study", study)


def series_uid(study, series):
    return series if isinstance(series, str) else uid("series", study_uid(study), series)


def sop_instance_uid(study, series, number):
    return uid("instance", series_uid(study, series), number)


def code(value, scheme, meaning):
    """An item of a code sequence."""
    return {"CodeValue": value, "CodingSchemeDesignator": scheme, "CodeMeaning": meaning}


# --- writing -------------------------------------------------------------------------------------


def encode_component(text, character_sets):
    """By the first character set that has all of it, with its escape when it is not the first."""
    for number, name in enumerate(character_sets):
        codec, escape = CHARACTER_SETS[name]
        try:
            encoded = text.encode(codec)
        except UnicodeEncodeError:
            continue
        return encoded if number == 0 or not escape else escape + encoded
    raise ValueError(f"{text!r} cannot be written in {character_sets}")


def encode_text(text, vr, character_sets):
    if vr not in WITH_CHARACTER_SET:
        return text.encode("ascii")
    if vr != "PN":
        return encode_component(text, character_sets)
    # PS3.5 6.2.1.1: each component begins anew.
    return b"=".join(b"^".join(encode_component(component, character_sets) for component in group.split("^"))
                     for group in text.split("="))


def encode_value(value, vr, order, character_sets):
    if isinstance(value, bytes):
        encoded = value
    else:
        values = value if isinstance(value, (list, tuple)) else [value]
        if vr in NUMBERS:
            return struct.pack(f"{order}{len(values)}{NUMBERS[vr]}", *values)
        if vr == "AT":
            return b"".join(struct.pack(order + "HH", tag >> 16, tag & 0xFFFF) for tag in values)
        encoded = b"\\".join(encode_text(str(one), vr, character_sets) for one in values)
    pad = b"\0" if vr in ("UI", "OB", "OW", "UN") else b" "
    return encoded + pad if len(encoded) % 2 else encoded


def header(tag, vr, length, transfer_syntax):
    order = ">" if transfer_syntax == BIG_ENDIAN else "<"
    start = struct.pack(order + "HH", tag >> 16, tag & 0xFFFF)
    if transfer_syntax == IMPLICIT:
        return start + struct.pack("<I", length)
    if vr in LONG_VRS:
        return start + vr.encode() + struct.pack(order + "HI", 0, length)
    return start + vr.encode() + struct.pack(order + "H", length)


def delimiter(tag, length, transfer_syntax):
    order = ">" if transfer_syntax == BIG_ENDIAN else "<"
    return struct.pack(order + "HHI", tag >> 16, tag & 0xFFFF, length)


def encapsulated(fragments):
    """Pixel data's value (PS3.5 A.4), with an empty Basic Offset Table."""
    out = delimiter(0xFFFEE000, 0, EXPLICIT)
    for fragment in fragments:
        fragment += b"\0" * (len(fragment) % 2)
        out += delimiter(0xFFFEE000, len(fragment), EXPLICIT) + fragment
    return out + delimiter(0xFFFEE0DD, 0, EXPLICIT)


def write_element(tag, vr, value, transfer_syntax, character_sets, undefined_lengths):
    order = ">" if transfer_syntax == BIG_ENDIAN else "<"
    if tag == 0x7FE00010 and isinstance(value, list):
        return header(tag, "OB", 0xFFFFFFFF, EXPLICIT) + encapsulated(value)
    if vr == "SQ":
        body = b""
        for item in value:
            inner = write_elements(resolve(item), transfer_syntax, character_sets, undefined_lengths)
            if undefined_lengths:
                body += delimiter(0xFFFEE000, 0xFFFFFFFF, transfer_syntax) + inner
                body += delimiter(0xFFFEE00D, 0, transfer_syntax)
            else:
                body += delimiter(0xFFFEE000, len(inner), transfer_syntax) + inner
        if undefined_lengths:
            return (header(tag, vr, 0xFFFFFFFF, transfer_syntax) + body
                    + delimiter(0xFFFEE0DD, 0, transfer_syntax))
        return header(tag, vr, len(body), transfer_syntax) + body
    encoded = encode_value(value, vr, order, character_sets)
    return header(tag, vr, len(encoded), transfer_syntax) + encoded


def write_elements(elements, transfer_syntax, character_sets=("",), undefined_lengths=False):
    """{tag: (vr, value)} as a data set's bytes."""
    if 0x00080005 in elements:
        terms = elements[0x00080005][1]
        character_sets = terms if isinstance(terms, (list, tuple)) else str(terms).split("\\")
    return b"".join(write_element(tag, *elements[tag], transfer_syntax, character_sets, undefined_lengths)
                    for tag in sorted(elements))


def resolve(attributes):
    """{keyword: value} -> {tag: (vr, value)}, without what is None."""
    return {ATTRIBUTES[name][0]: (ATTRIBUTES[name][1], value) for name, value in attributes.items()
            if value is not None}


def data_set(elements, transfer_syntax=EXPLICIT, undefined_lengths=False):
    """A bare data set, as it stands after the file meta information."""
    encoding = transfer_syntax if transfer_syntax in (IMPLICIT, BIG_ENDIAN) else EXPLICIT
    body = write_elements(elements, encoding, undefined_lengths=undefined_lengths)
    if transfer_syntax != DEFLATED:
        return body
    deflate = zlib.compressobj(wbits=-15)
    body = deflate.compress(body) + deflate.flush()
    return body + b"\0" * (len(body) % 2)


def file_meta(sop_class, sop_instance, transfer_syntax):
    """Preamble, DICM and group 0002 (PS3.10 7.1)."""
    group = write_elements({0x00020001: ("OB", b"\0\1"), 0x00020002: ("UI", sop_class),
                            0x00020003: ("UI", sop_instance), 0x00020010: ("UI", transfer_syntax),
                            0x00020012: ("UI", uid("implementation"))}, EXPLICIT)
    return (b"\0" * 128 + b"DICM" + write_elements({0x00020000: ("UL", len(group))}, EXPLICIT) + group)


def part10(elements, transfer_syntax=EXPLICIT, undefined_lengths=False):
    """A whole file of {tag: (vr, value)}."""
    return (file_meta(elements.get(0x00080016, ("UI", ""))[1], elements.get(0x00080018, ("UI", ""))[1], transfer_syntax)
            + data_set(elements, transfer_syntax, undefined_lengths))


def without_preamble(file):
    """What some old software writes: file meta information at once."""
    return file[132:]


# --- objects -------------------------------------------------------------------------------------


def general(study, series, number, patient, modality, attributes):
    """What objects of all kinds have. `patient` None: none of the patient's attributes has a value."""
    names = {
        "SpecificCharacterSet": "ISO_IR 192", "SOPClassUID": SOP_CLASSES.get(modality, SOP_CLASSES["OT"]),
        "SOPInstanceUID": sop_instance_uid(study, series, number), "StudyDate": "20240229", "SeriesDate": "20240229",
        "StudyTime": "101500", "SeriesTime": "102000", "AccessionNumber": f"A{study}" if isinstance(study, int) else "",
        "Modality": modality, "Manufacturer": "Lightbox", "ReferringPhysicianName": "Referrer^Rita",
        "PatientName": f"{patient}^Test" if patient else "", "PatientID": patient or "",
        "PatientBirthDate": "19700131" if patient else "", "PatientSex": "F" if patient else "",
        "StudyInstanceUID": study_uid(study), "SeriesInstanceUID": series_uid(study, series),
        "StudyID": str(study) if isinstance(study, int) else "", "InstanceNumber": number,
        "SeriesNumber": series if isinstance(series, int) else 1,
    }
    return {**names, **attributes}


def finish(attributes, transfer_syntax, elements, undefined_lengths=False):
    return part10({**resolve(attributes), **(elements or {})}, transfer_syntax, undefined_lengths)


def instance(study=1, series=1, number=1, patient="P1", modality="CT", transfer_syntax=EXPLICIT, pixels=None, rows=16,
             columns=16, elements=None, undefined_lengths=False, **attributes):
    """One image. `pixels`: bytes, a list of fragments (encapsulated), False for none, None for a pattern of 16 bits;
    for an encapsulated transfer syntax the pattern is one fragment that no codec would like."""
    if pixels is None:
        order = ">" if transfer_syntax == BIG_ENDIAN else "<"
        pixels = b"".join(struct.pack(order + "H", (n * 7 + number) & 0x0FFF) for n in range(rows * columns))
    if transfer_syntax not in NATIVE and isinstance(pixels, bytes):
        pixels = [pixels]
    image = {"ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"], "SamplesPerPixel": 1,
             "PhotometricInterpretation": "MONOCHROME2", "Rows": rows, "Columns": columns, "BitsAllocated": 16,
             "BitsStored": 12, "HighBit": 11, "PixelRepresentation": 0,
             "PixelData": pixels if pixels is not False else None}
    return finish(general(study, series, number, patient, modality, {**image, **attributes}), transfer_syntax, elements,
                  undefined_lengths)


def study(number=1, series=2, instances=3, **options):
    """All objects of a study of so many series with so many instances each; options as of instance()."""
    return [instance(study=number, series=s, number=n, **options)
            for s in range(1, series + 1) for n in range(1, instances + 1)]


def reference(study, series, number, modality="CT"):
    """An item of a Referenced SOP Sequence."""
    return {"ReferencedSOPClassUID": SOP_CLASSES[modality],
            "ReferencedSOPInstanceUID": sop_instance_uid(study, series, number)}


def evidence(study, series, numbers, modality="CT"):
    """An item of Current Requested Procedure Evidence Sequence."""
    return {"StudyInstanceUID": study_uid(study), "ReferencedSeriesSequence": [
        {"SeriesInstanceUID": series_uid(study, series),
         "ReferencedSOPSequence": [reference(study, series, number, modality) for number in numbers]}]}


def report(study=1, series=90, number=1, patient="P1", title="Radiology Report", text="Nothing found.",
           transfer_syntax=EXPLICIT, elements=None, **attributes):
    """A Basic Text SR."""
    content = {"ValueType": "CONTAINER", "ConceptNameCodeSequence": [code("18748-4", "LN", title)],
               "ContinuityOfContent": "SEPARATE", "CompletionFlag": "COMPLETE", "VerificationFlag": "UNVERIFIED",
               "ContentDate": "20240229", "ContentTime": "110000",
               "ContentSequence": [{"RelationshipType": "CONTAINS", "ValueType": "TEXT", "TextValue": text,
                                    "ConceptNameCodeSequence": [code("121071", "DCM", "Finding")]}]}
    return finish(general(study, series, number, patient, "SR", {**content, **attributes}), transfer_syntax, elements)


def key_object(study=1, series=91, number=1, patient="P1", title=("113001", "Rejected for Quality Reasons"),
               rejects=((1, (1,)),), transfer_syntax=EXPLICIT, elements=None, **attributes):
    """A Key Object Selection; with titles of PS3.16 CID 7011 a rejection note (113001 quality, 113037 patient safety,
    113038 wrong worklist entry, 113039 data retention). `rejects`: (series, (numbers))."""
    content = {"ValueType": "CONTAINER", "ConceptNameCodeSequence": [code(title[0], "DCM", title[1])],
               "ContinuityOfContent": "SEPARATE", "ContentDate": "20240301", "ContentTime": "080000",
               "CurrentRequestedProcedureEvidenceSequence": [evidence(study, *one) for one in rejects],
               "ContentSequence": [{"RelationshipType": "CONTAINS", "ValueType": "IMAGE",
                                    "ReferencedSOPSequence": [reference(study, of, n)]}
                                   for of, numbers in rejects for n in numbers]}
    return finish(general(study, series, number, patient, "KO", {**content, **attributes}), transfer_syntax, elements)


def presentation_state(study=1, series=92, number=1, patient="P1", label="BONES", of=(1, (1,)),
                       transfer_syntax=EXPLICIT, elements=None, **attributes):
    """A Grayscale Softcopy Presentation State."""
    content = {"ContentLabel": label, "ContentDescription": "Bones marked", "PresentationCreationDate": "20240301",
               "PresentationCreationTime": "090000", "ContentCreatorName": "Reader^Rosa",
               "ReferencedSeriesSequence": [
                   {"SeriesInstanceUID": series_uid(study, of[0]),
                    "ReferencedImageSequence": [reference(study, of[0], image) for image in of[1]]}],
               "PresentationLUTShape": "IDENTITY"}
    return finish(general(study, series, number, patient, "PR", {**content, **attributes}), transfer_syntax, elements)


def pdf(study=1, series=93, number=1, patient="P1", title="Letter", document=b"%PDF-1.4\n%%EOF\n",
        transfer_syntax=EXPLICIT, elements=None, **attributes):
    """An Encapsulated PDF."""
    content = {"Modality": "DOC", "DocumentTitle": title, "MIMETypeOfEncapsulatedDocument": "application/pdf",
               "EncapsulatedDocument": document}
    return finish(general(study, series, number, patient, "DOC", {**content, **attributes}), transfer_syntax, elements)


def segmentation(study=1, series=94, number=1, patient="P1", label="Liver", of=(1, (1,)), rows=16, columns=16,
                 transfer_syntax=EXPLICIT, elements=None, **attributes):
    """A binary Segmentation of one frame."""
    content = {"SegmentationType": "BINARY", "ContentLabel": "SEGMENTATION", "SamplesPerPixel": 1,
               "PhotometricInterpretation": "MONOCHROME2", "Rows": rows, "Columns": columns, "BitsAllocated": 1,
               "BitsStored": 1, "HighBit": 0, "PixelRepresentation": 0, "NumberOfFrames": 1,
               "ReferencedSeriesSequence": evidence(study, *of)["ReferencedSeriesSequence"],
               "SegmentSequence": [{"SegmentNumber": 1, "SegmentLabel": label}],
               "PixelData": b"\x5a" * (rows * columns // 8)}
    return finish(general(study, series, number, patient, "SEG", {**content, **attributes}), transfer_syntax, elements)

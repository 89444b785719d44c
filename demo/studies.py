#!/usr/bin/env python3
"""Demo studies as DICOM files: phantoms (phantoms.py) of people who do not exist.

    python3 demo/studies.py FOLDER

Deterministic: the same files each time. Needs Debian's python3-numpy.
"""

import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy

import phantoms

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
import dicom_data  # noqa: E402 (of the tests: the one place that writes DICOM)
from dicom_data import code, uid  # noqa: E402

# Beyond the attributes of dicom_data.
MORE = {
    "PatientAge": (0x00101010, "AS"), "PatientWeight": (0x00101030, "DS"),
    "PatientPosition": (0x00185100, "CS"), "ViewPosition": (0x00185101, "CS"), "PatientOrientation": (0x00200020, "CS"),
    "SliceLocation": (0x00201041, "DS"), "SpacingBetweenSlices": (0x00180088, "DS"), "RepetitionTime": (0x00180080, "DS"),
    "EchoTime": (0x00180081, "DS"), "InversionTime": (0x00180082, "DS"), "MagneticFieldStrength": (0x00180087, "DS"),
    "ScanningSequence": (0x00180020, "CS"), "SequenceVariant": (0x00180021, "CS"), "ScanOptions": (0x00180022, "CS"),
    "MRAcquisitionType": (0x00180023, "CS"), "ImagerPixelSpacing": (0x00181164, "DS"), "RescaleType": (0x00281054, "LO"),
    "PlanarConfiguration": (0x00280006, "US"), "FrameTime": (0x00181063, "DS"), "CineRate": (0x00180040, "IS"),
    "FrameIncrementPointer": (0x00280009, "AT"), "PresentationIntentType": (0x00080068, "CS"),
    "PixelIntensityRelationship": (0x00281040, "CS"), "PixelIntensityRelationshipSign": (0x00281041, "SS"),
    "PresentationLUTShape": (0x20500020, "CS"), "BurnedInAnnotation": (0x00280301, "CS"),
    "LossyImageCompression": (0x00282110, "CS"), "ConvolutionKernel": (0x00181210, "SH"),
    "ContrastBolusAgent": (0x00180010, "LO"), "Units": (0x00541001, "CS"), "DecayCorrection": (0x00541102, "CS"),
    "CorrectedImage": (0x00280051, "CS"), "SeriesType": (0x00541000, "CS"), "NumberOfSlices": (0x00540081, "US"),
    "ImageIndex": (0x00541330, "US"), "RadiopharmaceuticalInformationSequence": (0x00540016, "SQ"),
    "Radiopharmaceutical": (0x00180031, "LO"), "RadiopharmaceuticalStartTime": (0x00181072, "TM"),
    "RadionuclideTotalDose": (0x00181074, "DS"), "RadionuclideHalfLife": (0x00181075, "DS"),
    "PositionReferenceIndicator": (0x00201040, "LO"), "ActualFrameDuration": (0x00181242, "IS"),
    "ContentCreatorName": (0x00700084, "PN"),
    "SharedFunctionalGroupsSequence": (0x52009229, "SQ"), "PerFrameFunctionalGroupsSequence": (0x52009230, "SQ"),
    "PixelMeasuresSequence": (0x00289110, "SQ"), "PlaneOrientationSequence": (0x00209116, "SQ"),
    "PlanePositionSequence": (0x00209113, "SQ"), "FrameContentSequence": (0x00209111, "SQ"),
    "DimensionIndexValues": (0x00209157, "UL"), "SegmentIdentificationSequence": (0x0062000A, "SQ"),
    "ReferencedSegmentNumber": (0x0062000B, "US"), "DerivationImageSequence": (0x00089124, "SQ"),
    "SourceImageSequence": (0x00082112, "SQ"), "DerivationCodeSequence": (0x00089215, "SQ"),
    "PurposeOfReferenceCodeSequence": (0x0040A170, "SQ"), "SegmentAlgorithmType": (0x00620008, "CS"),
    "SegmentAlgorithmName": (0x00620009, "LO"), "SegmentedPropertyCategoryCodeSequence": (0x00620003, "SQ"),
    "SegmentedPropertyTypeCodeSequence": (0x0062000F, "SQ"), "RecommendedDisplayCIELabValue": (0x0062000D, "US"),
    "DimensionOrganizationSequence": (0x00209221, "SQ"), "DimensionOrganizationUID": (0x00209164, "UI"),
    "DimensionIndexSequence": (0x00209222, "SQ"), "DimensionIndexPointer": (0x00209165, "AT"),
    "FunctionalGroupPointer": (0x00209167, "AT"), "RadionuclideCodeSequence": (0x00540300, "SQ"),
    "SoftwareVersions": (0x00181020, "LO"), "BodyPartThickness": (0x001811A0, "DS"), "OrganExposed": (0x00400318, "CS"),
    "ViewCodeSequence": (0x00540220, "SQ"), "DerivationDescription": (0x00082111, "ST"),
    "SequenceName": (0x00180024, "SH"), "FieldOfViewOrigin": (0x00187030, "DS"),
}
dicom_data.ATTRIBUTES.update(MORE)

DEMO = {"InstitutionName": "Lightbox Demo Hospital",
        "TimezoneOffsetFromUTC": "+0000", "BurnedInAnnotation": "NO", "Manufacturer": "Phantom Works",
        "SoftwareVersions": "1.0"}
PATIENTS = {
    "phantom": {"PatientName": "Phantom^Penelope", "PatientID": "DEMO-1001", "PatientBirthDate": "19610214",
                "PatientSex": "F", "PatientWeight": "64"},
    "mannequin": {"PatientName": "Mannequin^Maxim", "PatientID": "DEMO-1002", "PatientBirthDate": "19781130",
                  "PatientSex": "M"},
    "placeholder": {"PatientName": "Placeholder^Paula", "PatientID": "DEMO-1003", "PatientBirthDate": "19700608",
                    "PatientSex": "F"},
    "sample": {"PatientName": "Sample^Samuel^^Mr", "PatientID": "DEMO-1004", "PatientBirthDate": "19550922",
               "PatientSex": "M"},
    "exemplar": {"PatientName": "Exemplar^Emi=例^絵美=れい^えみ", "PatientID": "DEMO-1005", "PatientBirthDate": "20100504",
                 "PatientSex": "F"},
}
AXIAL = ["1", "0", "0", "0", "1", "0"]


class Study:
    """What its objects have in common, and the files that it has made."""

    def __init__(self, name, patient, date, time, description, **attributes):
        self.name = name
        self.files = []
        self.common = {**DEMO, **PATIENTS[patient], "StudyDate": date, "StudyTime": time,
                       "StudyDescription": description, "StudyID": name.upper()[:12],
                       "AccessionNumber": "LBX" + uid("accession", name)[-6:], "StudyInstanceUID": uid("demo", name),
                       "ReferringPhysicianName": "Referrer^Robin^^Dr.", **attributes}

    def series_uid(self, number):
        return uid("demo", self.name, number)

    def instance_uid(self, series, number):
        return uid("demo", self.name, series, number)

    def add(self, series, number, modality, **attributes):
        minutes = int(self.common["StudyTime"][2:4]) + 2 * min(series, 10)
        time = f"{self.common['StudyTime'][:2]}{minutes:02}00"
        every = {"SpecificCharacterSet": "ISO_IR 192", "SOPClassUID": dicom_data.SOP_CLASSES[modality],
                 "SOPInstanceUID": self.instance_uid(series, number), "Modality": modality,
                 "SeriesInstanceUID": self.series_uid(series), "SeriesNumber": series, "InstanceNumber": number,
                 "SeriesDate": self.common["StudyDate"], "SeriesTime": time, "ContentDate": self.common["StudyDate"],
                 "ContentTime": time, "AcquisitionDate": self.common["StudyDate"], "AcquisitionTime": time}
        file = dicom_data.part10(dicom_data.resolve({**self.common, **every, **attributes}))
        self.files.append((f"{self.name}-{series:02}-{number:04}.dcm", file))

    def reference(self, series, number, modality):
        return {"ReferencedSOPClassUID": dicom_data.SOP_CLASSES[modality],
                "ReferencedSOPInstanceUID": self.instance_uid(series, number)}


def pixels(values, bits=12, signed=False):
    """The attributes of a grey image."""
    kind = numpy.dtype("<i2" if signed else "<u2")
    least, most = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if signed else (0, (1 << bits) - 1)
    stored = numpy.clip(numpy.rint(values), least, most).astype(kind)
    return {"SamplesPerPixel": 1, "PhotometricInterpretation": "MONOCHROME2", "Rows": stored.shape[0],
            "Columns": stored.shape[1], "BitsAllocated": 16, "BitsStored": bits, "HighBit": bits - 1,
            "PixelRepresentation": int(signed), "PixelData": stored.tobytes()}


def plane(study, size, field_mm, z, thickness, frame="frame"):
    """The geometry of an axial slice."""
    spacing = field_mm / size
    corner = f"{-field_mm / 2 + spacing / 2:.4f}"
    return {"PixelSpacing": [f"{spacing:.6f}"] * 2, "ImageOrientationPatient": AXIAL, "SliceThickness": f"{thickness:g}",
            "ImagePositionPatient": [corner, corner, f"{z:.2f}"], "SliceLocation": f"{z:.2f}",
            "SpacingBetweenSlices": f"{thickness:g}", "FrameOfReferenceUID": uid("demo", study.name, frame),
            "PatientPosition": "HFS", "PositionReferenceIndicator": ""}


def ct(window, kernel, **attributes):
    return {"ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"], "RescaleIntercept": "-1024", "RescaleSlope": "1",
            "RescaleType": "HU", "WindowCenter": str(window[0]), "WindowWidth": str(window[1]), "KVP": "120",
            "ConvolutionKernel": kernel, "ManufacturerModelName": "Tomo 64", "StationName": "CT1",
            "DeviceSerialNumber": "CT-0064", **attributes}


NODULE = (-74, 26, 42)


def chest_ct(study, size, slices, nodule_mm, with_lung_series=True):
    x, y = phantoms.grid(size, 380)
    thickness = 290 / slices
    part = {"BodyPartExamined": "CHEST", "ContrastBolusAgent": "Iodine"}
    volumes = []
    for number in range(1, slices + 1):
        z = 130 - (number - 1) * thickness
        volume = phantoms.chest(x, y, z, nodule=(*NODULE, nodule_mm))
        volumes.append(volume)
        where = plane(study, size, 380, z, thickness)
        soft = volume + phantoms.grain(volume.shape, 11, number)
        study.add(2, number, "CT", SeriesDescription="Thorax 5.0 soft tissue", **part, **where,
                  **ct((40, 400), "Br40"), **pixels(soft + 1024))
        if with_lung_series:
            sharp = volume + phantoms.grain(volume.shape, 26, 1000 + number)
            study.add(3, number, "CT", SeriesDescription="Thorax 5.0 lung", **part, **where,
                      **ct((-550, 1500), "Bl57"), **pixels(sharp + 1024))
    return volumes


def current_chest_ct():
    study = Study("chest-ct-2", "phantom", "20261014", "093000", "CT Chest with contrast",
                  ReasonForTheRequestedProcedure="Follow-up of a nodule in the right upper lobe",
                  ProcedureCodeSequence=[code("169069000", "SCT", "CT of chest")],
                  PerformingPhysicianName="Reader^Ruth^^Dr.")
    size, slices, radius = 384, 36, 8.5
    volumes = chest_ct(study, size, slices, radius)
    segmentation(study, size, volumes, radius)
    text = ("The nodule in the right upper lobe has grown: 17 mm, 11 mm a year ago. "
            "No enlarged lymph nodes. Heart and great vessels are normal. No effusion.")
    report(study, 91, text)
    return study.files


def prior_chest_ct():
    study = Study("chest-ct-1", "phantom", "20250930", "141500", "CT Chest with contrast",
                  ReasonForTheRequestedProcedure="Nodule on the radiograph",
                  ProcedureCodeSequence=[code("169069000", "SCT", "CT of chest")])
    chest_ct(study, 320, 30, 5.5, with_lung_series=False)
    return study.files


def segmentation(study, size, volumes, radius):
    """The nodule and the lungs of the slices around it."""
    x, y = phantoms.grid(size, 380)
    slices = len(volumes)
    thickness = 290 / slices
    segments = [("Nodule", ("4147007", "Mass"), ("49755003", "Morphologically abnormal structure"), (37000, 50000, 45000)),
                ("Lung", ("39607008", "Lung"), ("123037004", "Anatomical structure"), (45000, 24000, 27000))]
    frames, groups = [], []
    for segment in (1, 2):
        for number in range(1, slices + 1):
            z = 130 - (number - 1) * thickness
            if segment == 1:
                here = radius**2 - (z - NODULE[2]) ** 2
                if here <= 0:
                    continue
                mask = (x - NODULE[0]) ** 2 + (y - NODULE[1]) ** 2 <= here
            else:
                if number % 2 or not -60 < z < 120:
                    continue
                mask = (volumes[number - 1] < -600) & (numpy.abs(x) < 150) & (numpy.abs(y) < 90)
                mask &= numpy.abs(x) > 13
            frames.append(mask)
            corner = [f"{-190 + 190 / size:.4f}"] * 2
            groups.append({
                "FrameContentSequence": [{"DimensionIndexValues": [segment, number]}],
                "PlanePositionSequence": [{"ImagePositionPatient": [*corner, f"{z:.2f}"]}],
                "SegmentIdentificationSequence": [{"ReferencedSegmentNumber": segment}],
                "DerivationImageSequence": [{
                    "DerivationCodeSequence": [code("113076", "DCM", "Segmentation")],
                    "SourceImageSequence": [{**study.reference(2, number, "CT"), "PurposeOfReferenceCodeSequence":
                                             [code("121322", "DCM", "Source image for image processing operation")]}]}]})
    bits = numpy.packbits(numpy.concatenate([frame.ravel() for frame in frames]), bitorder="little").tobytes()
    organization = uid("demo", study.name, "dimensions")
    study.add(
        90, 1, "SEG", SeriesDescription="Segmentation", ImageType=["DERIVED", "PRIMARY"], SegmentationType="BINARY",
        BodyPartExamined="CHEST", ContentLabel="NODULE", ContentDescription="Nodule and lungs", ContentCreatorName="",
        SamplesPerPixel=1, PhotometricInterpretation="MONOCHROME2", Rows=size, Columns=size, BitsAllocated=1,
        BitsStored=1, HighBit=0, PixelRepresentation=0, NumberOfFrames=len(frames), LossyImageCompression="00",
        FrameOfReferenceUID=uid("demo", study.name, "frame"), PositionReferenceIndicator="",
        ManufacturerModelName="Segmenter", DeviceSerialNumber="SEG-1",
        DimensionOrganizationSequence=[{"DimensionOrganizationUID": organization}],
        DimensionIndexSequence=[
            {"DimensionOrganizationUID": organization, "DimensionIndexPointer": 0x0062000B,
             "FunctionalGroupPointer": 0x0062000A},
            {"DimensionOrganizationUID": organization, "DimensionIndexPointer": 0x00200032,
             "FunctionalGroupPointer": 0x00209113}],
        SegmentSequence=[
            {"SegmentNumber": n, "SegmentLabel": label, "SegmentAlgorithmType": "AUTOMATIC",
             "SegmentAlgorithmName": "Phantom", "RecommendedDisplayCIELabValue": list(colour),
             "SegmentedPropertyCategoryCodeSequence": [code(category[0], "SCT", category[1])],
             "SegmentedPropertyTypeCodeSequence": [code(kind[0], "SCT", kind[1])]}
            for n, (label, kind, category, colour) in enumerate(segments, 1)],
        SharedFunctionalGroupsSequence=[{
            "PixelMeasuresSequence": [{"PixelSpacing": [f"{380 / size:.6f}"] * 2, "SliceThickness": f"{thickness:g}",
                                       "SpacingBetweenSlices": f"{thickness:g}"}],
            "PlaneOrientationSequence": [{"ImageOrientationPatient": AXIAL}]}],
        PerFrameFunctionalGroupsSequence=groups,
        ReferencedSeriesSequence=[{"SeriesInstanceUID": study.series_uid(2), "ReferencedInstanceSequence": [
            study.reference(2, n, "CT") for n in range(1, slices + 1)]}],
        PixelData=bits + b"\0" * (len(bits) % 2))


def report(study, series, text):
    study.add(series, 1, "SR", SeriesDescription="Report", ValueType="CONTAINER",
              ConceptNameCodeSequence=[code("18748-4", "LN", "Diagnostic imaging study")],
              ContinuityOfContent="SEPARATE", CompletionFlag="COMPLETE", VerificationFlag="UNVERIFIED",
              ContentSequence=[{"RelationshipType": "CONTAINS", "ValueType": "TEXT", "TextValue": text,
                                "ConceptNameCodeSequence": [code("121071", "DCM", "Finding")]},
                               {"RelationshipType": "CONTAINS", "ValueType": "TEXT",
                                "TextValue": "This is a phantom. No such patient exists.",
                                "ConceptNameCodeSequence": [code("121077", "DCM", "Conclusion")]}])


def pdf(study, series, title, lines):
    """A page of text as a PDF (ISO 32000-1), encapsulated."""
    text = "BT /F1 16 Tf 72 770 Td (" + title + ") Tj /F1 11 Tf 0 -14 Td " + " ".join(
        f"0 -18 Td ({line}) Tj" for line in lines) + " ET"
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
               "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources "
               "<< /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>",
               f"<< /Length {len(text)} >>\nstream\n{text}\nendstream"]
    document, offsets = "%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(document))
        document += f"{number} 0 obj\n{body}\nendobj\n"
    start = len(document)
    document += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n" + "".join(f"{o:010} 00000 n \n" for o in offsets)
    document += f"trailer << /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n"
    study.add(series, 1, "DOC", SeriesDescription=title, DocumentTitle=title, BurnedInAnnotation="YES",
              MIMETypeOfEncapsulatedDocument="application/pdf", EncapsulatedDocument=document.encode())


def radiographs(name, patient, date, time, nodule):
    study = Study(name, patient, date, time, "XR Chest PA and lateral",
                  ProcedureCodeSequence=[code("399208008", "SCT", "Plain X-ray of chest")])
    views = zip(phantoms.chest_projections(880, nodule), (("PA", ["L", "F"], 344), ("LL", ["P", "F"], 250)), strict=True)
    for number, (image, (view, orientation, width)) in enumerate(views, 1):
        spacing = f"{width / image.shape[1]:.5f}"
        study.add(number, 1, "CR", SeriesDescription=f"Chest {view}", BodyPartExamined="CHEST", ViewPosition=view,
                  ImageType=["ORIGINAL", "PRIMARY"], PatientOrientation=orientation, ImagerPixelSpacing=[spacing] * 2,
                  PixelSpacing=[spacing] * 2, WindowCenter="2048", WindowWidth="4096", ManufacturerModelName="Plate 9",
                  StationName="XR2", **pixels(image * 4095))
    return study.files


def hand():
    study = Study("hand-cr", "exemplar", "20260821", "160500", "XR Hand left",
                  ReasonForTheRequestedProcedure="Bone age")
    image = phantoms.hand(960, 672)
    study.add(1, 1, "CR", SeriesDescription="Hand AP", BodyPartExamined="HAND", Laterality="L", ViewPosition="AP",
              ImageType=["ORIGINAL", "PRIMARY"], PatientOrientation=["R", "F"], ImagerPixelSpacing=["0.208"] * 2,
              PixelSpacing=["0.208"] * 2, WindowCenter="1800", WindowWidth="3400", ManufacturerModelName="Plate 9",
              StationName="XR2", **pixels(image * 4095))
    return study.files


def head_ct():
    study = Study("head-ct", "mannequin", "20261102", "214000", "CT Head without contrast",
                  ReasonForTheRequestedProcedure="Headache", ProcedureCodeSequence=[code("303653007", "SCT", "CT of head")])
    size, slices, thickness = 384, 32, 4.5
    for number in range(1, slices + 1):
        z = -58 + (number - 1) * thickness
        image = phantoms.head(z, size, 220, phantoms.CT, lesions=[(30, -18, 26, 9)])
        study.add(2, number, "CT", SeriesDescription="Head 4.5 brain", BodyPartExamined="HEAD",
                  **plane(study, size, 220, z, thickness), **ct((40, 90), "Hr40"),
                  **pixels(image + phantoms.grain(image.shape, 3.2, number) + 1024))
    return study.files


def brain_mr(name, date, lesion_mm):
    study = Study(name, "mannequin", date, "101000", "MR Brain",
                  ProcedureCodeSequence=[code("816077007", "SCT", "MRI of brain")], PerformingPhysicianName="Reader^Ruth^^Dr.")
    size, slices, thickness = 256, 24, 5.5
    sequences = [("T1 SE axial", phantoms.T1, {"RepetitionTime": "520", "EchoTime": "12", "ScanningSequence": "SE"}, 5),
                 ("T2 TSE axial", phantoms.T2, {"RepetitionTime": "4800", "EchoTime": "98", "ScanningSequence": "SE"}, 6),
                 ("FLAIR axial", phantoms.FLAIR, {"RepetitionTime": "9000", "EchoTime": "92", "InversionTime": "2500",
                                                  "ScanningSequence": ["SE", "IR"]}, 9)]
    for series, (description, palette, times, noise) in enumerate(sequences, 2):
        # Coils are nearer to the rim than to the middle.
        x, y = phantoms.grid(size, 220)
        coil = 0.9 + 0.16 * numpy.hypot(x / 110, y / 110) ** 2
        for number in range(1, slices + 1):
            z = -52 + (number - 1) * thickness
            image = phantoms.head(z, size, 220, palette, lesions=[(30, -18, 26, lesion_mm), (-26, 16, 34, 5)])
            image = numpy.hypot(image * coil, phantoms.grain(image.shape, noise, number))
            study.add(series, number, "MR", SeriesDescription=description, BodyPartExamined="BRAIN",
                      ImageType=["ORIGINAL", "PRIMARY", "M", "SE"], SequenceVariant="SK", ScanOptions="",
                      MRAcquisitionType="2D", MagneticFieldStrength="3", WindowCenter="480", WindowWidth="960",
                      ManufacturerModelName="Magnet 3T", StationName="MR1", **times,
                      **plane(study, size, 220, z, thickness), **pixels(image))
    return study.files


def mammography(name, date, seed, density, with_letter):
    study = Study(name, "placeholder", date, "083000", "MG Mammography bilateral",
                  ProcedureCodeSequence=[code("71651007", "SCT", "Mammography")])
    views = [("R", "CC", seed), ("L", "CC", seed + 2), ("R", "MLO", seed + 1), ("L", "MLO", seed + 3)]
    for number, (side, view, one) in enumerate(views, 1):
        image = phantoms.breast(960, 600, view, one, density)
        image = image if side == "R" else image[:, ::-1]
        study.add(number, 1, "MG", SeriesDescription=f"{side} {view}", BodyPartExamined="BREAST", ViewPosition=view,
                  ImageLaterality=side, ImageType=["DERIVED", "PRIMARY"], PresentationIntentType="FOR PRESENTATION",
                  PatientOrientation=["P" if side == "R" else "A", "L" if view == "CC" and side == "R" else
                                      "R" if view == "CC" else "FR" if side == "R" else "FL"],
                  ImagerPixelSpacing=["0.2"] * 2, WindowCenter="1700", WindowWidth="3400",
                  PixelIntensityRelationship="LOG", PixelIntensityRelationshipSign=-1, PresentationLUTShape="IDENTITY",
                  RescaleIntercept="0", RescaleSlope="1", RescaleType="US", OrganExposed="BREAST",
                  ManufacturerModelName="Compressor 2", StationName="MG1", **pixels(image * 4095))
    if with_letter:
        pdf(study, 80, "Screening letter", ["Dear Paula Placeholder,", "your mammography of 18 September 2026 shows no change.",
                                            "We invite you again in two years.", "", "Lightbox Demo Hospital",
                                            "(This letter is to nobody.)"])
    return study.files


def echocardiography():
    study = Study("heart-us", "sample", "20261005", "112000", "US Heart, transthoracic",
                  ProcedureCodeSequence=[code("40701008", "SCT", "Echocardiography")])
    frames, rows, columns = 20, 330, 440
    cine = numpy.stack([phantoms.heart_ultrasound(n, frames, rows, columns) for n in range(frames)])
    study.add(1, 1, "US", SOPClassUID="1.2.840.10008.5.1.4.1.1.3.1", SeriesDescription="Four chambers, colour flow",
              BodyPartExamined="HEART", ImageType=["ORIGINAL", "PRIMARY", "TTE", "0011"], SamplesPerPixel=3,
              PhotometricInterpretation="RGB", PlanarConfiguration=0, NumberOfFrames=frames, FrameTime="45",
              CineRate="22", FrameIncrementPointer=0x00181063, Rows=rows, Columns=columns, BitsAllocated=8,
              BitsStored=8, HighBit=7, PixelRepresentation=0, LossyImageCompression="00", PixelData=cine.tobytes(),
              ManufacturerModelName="Echo 5", StationName="US3")
    return study.files


def pet_ct():
    study = Study("pet-ct", "phantom", "20261028", "084500", "PET/CT Chest, FDG",
                  ProcedureCodeSequence=[code("443271005", "SCT", "Positron emission tomography with CT")])
    slices, thickness, start = 44, 6.5, 118
    part = {"BodyPartExamined": "CHEST"}
    for number in range(1, slices + 1):
        z = start - (number - 1) * thickness
        x, y = phantoms.grid(256, 420)
        image = phantoms.chest(x, y, z, contrast=False, nodule=(*NODULE, 8.5))
        study.add(2, number, "CT", SeriesDescription="Low dose CT", **part, **plane(study, 256, 420, z, thickness),
                  **ct((40, 400), "Br38"), **pixels(image + phantoms.grain(image.shape, 24, number) + 1024))
        x, y = phantoms.grid(144, 420)
        activity = phantoms.uptake(x, y, z, [(*NODULE, 8.5, 26000), (-20, 12, 24, 5, 15000)])
        slope = 1.25
        study.add(3, number, "PT", SeriesDescription="FDG attenuation corrected", **part,
                  **plane(study, 144, 420, z, thickness), ImageType=["ORIGINAL", "PRIMARY"], Units="BQML",
                  CorrectedImage=["ATTN", "SCAT", "DECY"], DecayCorrection="START", SeriesType=["STATIC", "IMAGE"],
                  NumberOfSlices=slices, ImageIndex=number, ActualFrameDuration="180000", RescaleIntercept="0",
                  RescaleSlope=str(slope), WindowCenter="9000", WindowWidth="18000", ManufacturerModelName="Ring 4",
                  StationName="PET1",
                  RadiopharmaceuticalInformationSequence=[{
                      "Radiopharmaceutical": "Fluorodeoxyglucose F^18^", "RadiopharmaceuticalStartTime": "074500",
                      "RadionuclideTotalDose": "285000000", "RadionuclideHalfLife": "6586.2",
                      "RadionuclideCodeSequence": [code("77004003", "SCT", "Fluorine-18")]}],
                  **pixels(activity / slope, bits=16))
    return study.files


JOBS = [
    (current_chest_ct,), (radiographs, "chest-cr-1", "phantom", "20250912", "101500", (*NODULE, 5)), (head_ct,),
    (radiographs, "chest-cr-2", "sample", "20261005", "095500", None), (prior_chest_ct,),
    (brain_mr, "brain-mr-2", "20261103", 9), (brain_mr, "brain-mr-1", "20240417", 6), (pet_ct,),
    (mammography, "mammo-2", "20260918", 21, 0.9, True), (mammography, "mammo-1", "20240912", 21, 1.0, False), (hand,),
    (echocardiography,),
]


def write(folder, job):
    make, *arguments = job
    files = make(*arguments)
    for name, content in files:
        (folder / name).write_bytes(content)
    return len(files)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor() as pool:
        counts = list(pool.map(write, [folder] * len(JOBS), JOBS))
    print(f"{sum(counts)} objects of {len(JOBS)} studies in {folder}")


if __name__ == "__main__":
    main()

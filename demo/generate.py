#!/usr/bin/env python3
"""Makes the demo data of `./dev serve`: demo/*.ndjson, always the same bytes.

Ten modalities, all five statuses, invented people. `img-001` is the study that the README's searches
find; it has every field of ImagingStudy that the README's table lists.
"""

import json
import uuid
from pathlib import Path

HERE = Path(__file__).resolve().parent
DCM = "http://dicom.nema.org/resources/ontology/DCM"
SCT = "http://snomed.info/sct"

# DICOM CID 29: code, display, SOP class, and what is done with it: description, body site (SNOMED CT).
MODALITIES = [
    ("CT", "Computed Tomography", "1.2.840.10008.5.1.4.1.1.2",
     [("CT Chest with contrast", "51185008", "Thoracic structure"),
      ("CT Abdomen and pelvis", "818983003", "Abdomen"), ("CT Head", "69536005", "Head structure")]),
    ("MR", "Magnetic Resonance", "1.2.840.10008.5.1.4.1.1.4",
     [("MR Brain", "12738006", "Brain structure"), ("MR Knee left", "72696002", "Knee region structure"),
      ("MR Lumbar spine", "122496007", "Lumbar spine structure")]),
    ("US", "Ultrasound", "1.2.840.10008.5.1.4.1.1.6.1",
     [("US Abdomen", "818983003", "Abdomen"), ("US Thyroid", "69748006", "Thyroid structure"),
      ("US Kidneys", "64033007", "Kidney structure")]),
    ("DX", "Digital Radiography", "1.2.840.10008.5.1.4.1.1.1.1",
     [("DX Chest PA and lateral", "51185008", "Thoracic structure"),
      ("DX Hand right", "85562004", "Hand structure"), ("DX Pelvis", "12921003", "Pelvic structure")]),
    ("CR", "Computed Radiography", "1.2.840.10008.5.1.4.1.1.1",
     [("CR Ankle left", "344001", "Ankle region structure"), ("CR Chest", "51185008", "Thoracic structure"),
      ("CR Shoulder right", "16982005", "Shoulder region structure")]),
    ("NM", "Nuclear Medicine", "1.2.840.10008.5.1.4.1.1.20",
     [("NM Bone scan", "38266002", "Entire body as a whole"), ("NM Thyroid", "69748006", "Thyroid structure"),
      ("NM Kidneys", "64033007", "Kidney structure")]),
    ("PT", "Positron emission tomography", "1.2.840.10008.5.1.4.1.1.128",
     [("PET Whole body", "38266002", "Entire body as a whole"), ("PET Brain", "12738006", "Brain structure"),
      ("PET Heart", "80891009", "Heart structure")]),
    ("XA", "X-Ray Angiography", "1.2.840.10008.5.1.4.1.1.12.1",
     [("Coronary angiography", "80891009", "Heart structure"),
      ("Angiography lower limb", "61685007", "Lower limb structure"),
      ("Cerebral angiography", "12738006", "Brain structure")]),
    ("MG", "Mammography", "1.2.840.10008.5.1.4.1.1.1.2",
     [("Mammography both sides", "76752008", "Breast structure"),
      ("Mammography left", "76752008", "Breast structure"),
      ("Mammography right", "76752008", "Breast structure")]),
    ("RF", "Radiofluoroscopy", "1.2.840.10008.5.1.4.1.1.12.2",
     [("Barium swallow", "32849002", "Esophageal structure"),
      ("Upper gastrointestinal series", "69695003", "Stomach structure"),
      ("Voiding cystourethrogram", "89837001", "Urinary bladder structure")]),
]
# Most studies are available, as in life; every status is there.
STATUSES = ["available"] * 4 + ["registered", "available", "cancelled", "available",
                                "entered-in-error", "unknown"]
GIVEN = ["One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight"]
PATIENTS = ["123"] + [f"patient-{n:03}" for n in range(1, 8)]
PRACTITIONERS = ["789", "radiologist-1", "radiologist-2"]
ENCOUNTERS = ["456"] + [f"encounter-{n:03}" for n in range(1, 8)]


def uid(name):
    """A UUID-derived UID (PS3.5 B.2), from a name."""
    return f"2.25.{uuid.uuid5(uuid.NAMESPACE_URL, 'urn:lightbox:demo:' + name).int}"


def reference(target, display=None):
    return {"reference": target} | ({"display": display} if display else {})


def patient(index):
    return {
        "resourceType": "Patient", "id": PATIENTS[index],
        "identifier": [{"use": "usual",
                        "type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203",
                                             "code": "MR", "display": "Medical record number"}]},
                        "system": "urn:example:mrn", "value": f"MRN{1000 + index}"}],
        "active": True,
        "name": [{"use": "official", "family": "Demo", "given": [GIVEN[index]]}],
        "gender": ["female", "male", "other", "unknown"][index % 4],
        "birthDate": f"{1950 + 7 * index}-{1 + index:02}-{10 + index:02}",
    }


def practitioner(index):
    return {"resourceType": "Practitioner", "id": PRACTITIONERS[index], "active": True,
            "identifier": [{"system": "urn:example:staff", "value": f"S{100 + index}"}],
            "name": [{"family": "Demo", "given": [["Referrer", "Reader", "Operator"][index]], "prefix": ["Dr."]}]}


def encounter(index):
    return {"resourceType": "Encounter", "id": ENCOUNTERS[index], "status": "finished",
            "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB",
                      "display": "ambulatory"},
            "subject": reference(f"Patient/{PATIENTS[index]}"),
            "period": {"start": f"2024-0{1 + index}-15T08:00:00Z", "end": f"2024-0{1 + index}-15T12:00:00Z"}}


def service_request(index, study):
    return {"resourceType": "ServiceRequest", "id": f"sr-{index + 1:03}", "status": "completed", "intent": "order",
            "code": {"text": study["description"]}, "subject": study["subject"],
            "requester": reference("Practitioner/789"), "authoredOn": study["started"][:10]}


def endpoint():
    return {"resourceType": "Endpoint", "id": "dicomweb", "status": "active",
            "connectionType": {"system": "http://terminology.hl7.org/CodeSystem/endpoint-connection-type",
                               "code": "dicom-wado-rs"},
            "name": "DICOMweb of this server",
            "payloadType": [{"text": "DICOM"}], "address": "http://localhost:8080/dicomweb"}


def location():
    return {"resourceType": "Location", "id": "imaging", "status": "active", "name": "Imaging department"}


def procedure():
    return {"resourceType": "Procedure", "id": "procedure-001", "status": "completed",
            "code": {"text": "CT Chest with contrast"}, "subject": reference("Patient/123"),
            "performedDateTime": "2024-06-15"}


def series(study_name, number, modality, description, site, started, instances, last):
    """`last`: the series that tells more, as one does not for every series."""
    code, display, sop_class, _ = modality
    result = {
        "uid": uid(f"{study_name}/{number}"), "number": number,
        "modality": {"system": DCM, "code": code, "display": display},
        "description": f"{description} {number}", "numberOfInstances": instances,
        "bodySite": {"system": SCT, "code": site[0], "display": site[1]}, "started": started,
        "instance": [{"uid": uid(f"{study_name}/{number}/{n}"),
                      "sopClass": {"system": "urn:ietf:rfc:3986", "code": f"urn:oid:{sop_class}"},
                      "number": n, "title": "ORIGINAL\\PRIMARY"} for n in range(1, instances + 1)],
    }
    if last:
        result["endpoint"] = [reference("Endpoint/dicomweb")]
        result["performer"] = [{"function": {"coding": [{
            "system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "code": "PRF"}]},
            "actor": reference("Practitioner/radiologist-2")}]
    return result


def study(index):
    modality = MODALITIES[index % len(MODALITIES)]
    code, display, _, procedures = modality
    description, site_code, site = procedures[index // len(MODALITIES)]
    name = f"img-{index + 1:03}"
    who = index % len(PATIENTS)
    # A month and a bit apart, from June 2024 backwards; the last ones are before 2023.
    month = 2024 * 12 + 5 - index
    started = f"{month // 12}-{month % 12 + 1:02}-15T{8 + index % 10:02}:30:00Z"
    number_of_series = 1 + index % 3
    parts = [series(name, n, modality, description, (site_code, site), started, 1 + (index + n) % 3,
                    n == number_of_series) for n in range(1, number_of_series + 1)]
    result = {
        "resourceType": "ImagingStudy", "id": name,
        "identifier": [
            {"use": "official", "system": "urn:dicom:uid", "value": "urn:oid:" + uid(name)},
            {"type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "ACSN",
                                  "display": "Accession ID"}]},
             "system": "urn:example:accession", "value": f"ACC{123456 + index}"}],
        "status": STATUSES[index % len(STATUSES) if index % 10 else 0],
        "modality": [{"system": DCM, "code": code, "display": display}],
        "subject": reference(f"Patient/{PATIENTS[who]}", f"Demo, {GIVEN[who]}"),
        "encounter": reference(f"Encounter/{ENCOUNTERS[who]}"),
        "started": started,
        "basedOn": [reference(f"ServiceRequest/sr-{index + 1:03}")],
        "referrer": reference("Practitioner/789"),
        "interpreter": [reference("Practitioner/radiologist-1")],
        "endpoint": [reference("Endpoint/dicomweb")],
        "numberOfSeries": number_of_series,
        "numberOfInstances": sum(part["numberOfInstances"] for part in parts),
        "procedureCode": [{"text": description}],
        "location": reference("Location/imaging"),
        "reasonCode": [{"text": ["Follow-up", "Pain", "Screening", "Trauma"][index % 4]}],
        "description": description,
        "series": parts,
    }
    if index == 0:
        result["procedureReference"] = reference("Procedure/procedure-001")
        result["procedureCode"] = [{"coding": [{"system": SCT, "code": "169069000", "display": "CT of chest"}],
                                    "text": description}]
        result["note"] = [{"text": "Contrast was given without reaction."}]
    return result


def write(name, resources):
    lines = [json.dumps(resource, separators=(",", ":")) for resource in resources]
    (HERE / f"{name}.ndjson").write_text("\n".join(lines) + "\n")


def main():
    studies = [study(index) for index in range(30)]
    write("patients", map(patient, range(len(PATIENTS))))
    write("people-and-places", [*map(practitioner, range(len(PRACTITIONERS))), endpoint(), location()])
    write("encounters", [*map(encounter, range(len(ENCOUNTERS))), procedure()])
    write("service-requests", [service_request(index, one) for index, one in enumerate(studies)])
    write("imaging-studies", studies)


if __name__ == "__main__":
    main()

"""SMART Imaging Access (argonautproject/smart-imaging) as an app goes through it: from a patient to the bytes of the
images, knowing nothing of this server but its FHIR base. Authorisation is not part of it yet (docs/smart-imaging.md).
"""

import tempfile
import time
import unittest
import urllib.parse

import dicom_data
from lightbox import Server
from retrieve_test import contents, parts
from stow_test import DICOM, multipart

STORED = "multipart/related; type=application/dicom; transfer-syntax=*"
STUDIES, INSTANCES = (701, 702), 3


class SmartImagingTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.server = Server(cls.folder.name, "--dimse", "off", "--projection-quiet-ms", "50")
        cls.files = {}
        for study in STUDIES:
            for number in range(1, INSTANCES + 1):
                content = dicom_data.instance(study=study, number=number, patient="SMART-1", PatientName="App^Anna")
                cls.files.setdefault(study, []).append(content)
                answer = cls.server.request("POST", "/dicomweb/studies", multipart(content), {"Content-Type": DICOM})
                assert answer.status == 200, answer
        # Its id there: how an app comes to know of a patient is the EHR's.
        ends = time.monotonic() + 60
        while True:
            found = cls.server.get("ImagingStudy?patient.identifier=SMART-1").json()
            if found["total"] == len(STUDIES) and all(
                    entry["resource"]["numberOfInstances"] == INSTANCES for entry in found["entry"]):
                break
            assert time.monotonic() < ends, found
            time.sleep(0.05)
        cls.patient = found["entry"][0]["resource"]["subject"]["reference"].removeprefix("Patient/")

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__()
        cls.folder.cleanup()

    def search(self, query=""):
        answer = self.server.get(f"ImagingStudy?patient={self.patient}&_include=ImagingStudy:endpoint{query}")
        self.assertEqual(answer.status, 200, answer)
        return answer.json()

    def found(self, query=""):
        return [entry["resource"] for entry in self.search(query).get("entry", []) if entry["search"]["mode"] == "match"]

    def retrieve(self, path, accept=STORED):
        answer = self.server.get(self.wado + path, Accept=accept)
        self.assertEqual(answer.status, 200, answer)
        return answer

    @property
    def wado(self):
        """The path of what the included Endpoint says."""
        endpoints = [entry["resource"] for entry in self.search()["entry"] if entry["search"]["mode"] == "include"]
        self.assertEqual(len(endpoints), 1)
        self.assertEqual(endpoints[0]["connectionType"]["code"], "dicom-wado-rs")
        self.assertEqual(endpoints[0]["status"], "active")
        return urllib.parse.urlsplit(endpoints[0]["address"]).path

    def uid_of(self, study):
        [identifier] = [one for one in study["identifier"] if one.get("system") == "urn:dicom:uid"]
        self.assertTrue(identifier["value"].startswith("urn:oid:"))
        return identifier["value"].removeprefix("urn:oid:")

    def test_studies_of_a_patient_have_what_the_profile_demands(self):
        studies = self.found()
        self.assertEqual(len(studies), len(STUDIES))
        for study in studies:
            self.uid_of(study)
            self.assertEqual(study["subject"]["reference"], f"Patient/{self.patient}")
            self.assertTrue(study["status"] and study["modality"] and study["endpoint"])
            self.assertEqual((study["numberOfSeries"], study["numberOfInstances"]), (1, INSTANCES))
            for instance in study["series"][0]["instance"]:
                self.assertTrue(instance["uid"] and instance["sopClass"]["code"])

    def test_one_study_and_those_since(self):
        wanted = dicom_data.study_uid(STUDIES[0])
        [study] = self.found(f"&identifier=urn:oid:{wanted}")
        self.assertEqual(self.uid_of(study), wanted)
        self.assertEqual(self.found("&identifier=urn:oid:1.2.3"), [])
        self.assertEqual(len(self.found("&_lastUpdated=gt2023-04-17T04:00:00Z")), len(STUDIES))
        self.assertEqual(self.found("&_lastUpdated=gt2999-01-01T00:00:00Z"), [])

    def test_images_of_each_study_as_they_were_stored(self):
        for study in self.found():
            uid = self.uid_of(study)
            number = next(one for one in STUDIES if dicom_data.study_uid(one) == uid)
            answer = self.retrieve(f"/studies/{uid}")
            self.assertEqual(sorted(contents(answer)), sorted(self.files[number]))
            for headers, _ in parts(answer):
                self.assertIn("application/dicom", headers["Content-Type"])

    def test_further_retrieval(self):
        study = self.found()[0]
        series = study["series"][0]
        path = f"/studies/{self.uid_of(study)}"
        self.assertEqual(len(self.retrieve(f"{path}/metadata", "application/dicom+json").json()), INSTANCES)
        path += f"/series/{series['uid']}"
        self.assertEqual(len(parts(self.retrieve(path))), INSTANCES)
        path += f"/instances/{series['instance'][0]['uid']}"
        self.assertEqual(len(parts(self.retrieve(path))), 1)
        self.assertEqual(len(parts(self.retrieve(f"{path}/frames/1", "multipart/related; type=application/octet-stream"))), 1)
        self.assertTrue(self.retrieve(f"{path}/rendered", "image/jpeg").body.startswith(b"\xff\xd8"))

    def test_elsewhere_than_in_a_study_of_the_patient_there_is_nothing(self):
        self.assertEqual(self.server.get(f"{self.wado}/studies/1.2.3", Accept=STORED).status, 404)
        self.assertEqual(self.server.get("ImagingStudy?patient=nobody&_include=ImagingStudy:endpoint").json()["total"], 0)


if __name__ == "__main__":
    unittest.main()

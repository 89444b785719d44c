"""QIDO-RS through the front door: what viewers ask, every resource, what is matched and what is answered."""

import tempfile
import unittest
import urllib.parse
import xml.etree.ElementTree as ElementTree

import dicom_data
from lightbox import ROOT, Server

STUDIES = "/dicomweb/studies"
NATIVE = "{http://dicom.nema.org/PS3.19/models/NativeDICOM}"
REQUIRED = {
    "study": ["00080020", "00080030", "00080050", "00080056", "00080061", "00080090", "00081190", "00100010",
              "00100020", "00100030", "00100040", "0020000D", "00200010", "00201206", "00201208"],
    "series": ["00080060", "00081190", "0020000E", "00200011", "00201209"],
    "instance": ["00080016", "00080018", "00080056", "00081190", "00200013", "00280010", "00280011", "00280100"],
}


def value(result, tag):
    return result[tag].get("Value", [None])[0]


def store(server, *objects):
    boundary = "qido"
    body = b"".join(b"--qido\r\nContent-Type: application/dicom\r\n\r\n" + one + b"\r\n" for one in objects)
    answer = server.request("POST", STUDIES, body + b"--qido--\r\n", {
        "Content-Type": f'multipart/related; type="application/dicom"; boundary={boundary}'})
    assert answer.status == 200, answer


class QidoTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.server = Server(cls.folder.name, "--dimse", "off")
        objects = []
        for study, patient, name, date, modality in (
                (1, "P1", "Smith^John", "20240101", "CT"), (2, "P1", "Smith^John", "20240215", "MR"),
                (3, "P2", "Schmidt^Katharina", "20240301", "CT"), (4, "P3", "Müller^Jörg=山田^太郎", "20230101", "US")):
            for series in (1, 2):
                for number in (1, 2, 3):
                    objects.append(dicom_data.instance(
                        study, series, number, patient=patient, modality=modality if series == 1 else "CR",
                        PatientName=name, StudyDate=date, StudyDescription=f"Study {study}", SeriesNumber=series,
                        RequestAttributesSequence=[{"RequestedProcedureID": f"RP{study}",
                                                    "ScheduledProcedureStepID": f"SPS{study}.{series}"}],
                        ReferringPhysicianName="Referrer^Rita"))
        objects.append(dicom_data.instance(5, 1, 1, patient="", PatientName=None, StudyDate="", AccessionNumber=""))
        store(cls.server, *objects)

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__()
        cls.folder.cleanup()

    def get(self, path, status=200, **headers):
        answer = self.server.get(path if path.startswith("/") else f"/dicomweb/{path}", **headers)
        self.assertEqual(answer.status, status, answer)
        return answer

    def results(self, path, **headers):
        answer = self.server.get(f"/dicomweb/{path}", **headers)
        if answer.status == 204:
            self.assertEqual(answer.body, b"")
            return []
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(answer.headers["Content-Type"], "application/dicom+json")
        return answer.json()

    def studies(self, query):
        """The numbers of the studies that are found."""
        uids = {dicom_data.study_uid(number): number for number in range(1, 6)}
        return [uids[value(result, "0020000D")] for result in self.results(f"studies?{query}")]

    def test_all_studies_newest_first(self):
        self.assertEqual(self.studies(""), [3, 2, 1, 4, 5])

    def test_what_is_required_is_answered(self):
        for level, path in (("study", "studies"), ("series", f"studies/{dicom_data.study_uid(1)}/series"),
                            ("instance", f"studies/{dicom_data.study_uid(1)}/series/{dicom_data.series_uid(1, 1)}"
                                         "/instances")):
            for result in self.results(path):
                self.assertEqual([tag for tag in REQUIRED[level] if tag not in result], [], path)
                self.assertEqual(list(result), sorted(result), "in the order of tags")
        study = self.results("studies?AccessionNumber=A1")[0]
        self.assertEqual(study["00080061"]["Value"], ["CR", "CT"])
        self.assertEqual(value(study, "00201206"), 2)
        self.assertEqual(value(study, "00201208"), 6)
        self.assertEqual(value(study, "00081190"),
                         f"http://127.0.0.1:{self.server.port}{STUDIES}/{dicom_data.study_uid(1)}")
        self.assertEqual(study["00100010"], {"vr": "PN", "Value": [{"Alphabetic": "Smith^John"}]})
        without = self.results(f"studies?StudyInstanceUID={dicom_data.study_uid(5)}")[0]
        self.assertEqual(without["00080020"], {"vr": "DA"})

    def test_every_required_key(self):
        for query, found in (
                ("StudyDate=20240101", [1]), ("StudyDate=20240101-20240229", [2, 1]), ("StudyDate=-20231231", [4]),
                ("StudyDate=20240215-", [3, 2]), ("00080020=20240101-", [3, 2, 1]), ("StudyTime=1015", [3, 2, 1, 4, 5]),
                ("StudyTime=101500", [3, 2, 1, 4, 5]), ("StudyTime=11-", []),
                ("StudyDate=20240101-20240215&StudyTime=1000-1100", [2, 1]),
                ("StudyDate=20240101-20240215&StudyTime=1100-1200", [2]),
                ("AccessionNumber=A2", [2]), ("AccessionNumber=A?", [3, 2, 1, 4]), ("AccessionNumber=a2", []),
                ("ModalitiesInStudy=MR", [2]), ("ModalitiesInStudy=MR%2CUS", [2, 4]), ("ModalitiesInStudy=MR%5CUS", [2, 4]),
                ("ModalitiesInStudy=PT", []), ("ReferringPhysicianName=referrer*", [3, 2, 1, 4, 5]),
                ("PatientName=smith^john", [2, 1]), ("PatientName=Sm*", [2, 1]), ("PatientName=*mi*", [3, 2, 1]),
                ("PatientName=SMITH", []), ("PatientName=%E5%B1%B1%E7%94%B0*", [4]), ("PatientName=muller*", [4]),
                ("PatientID=P1", [2, 1]), ("00100020=*1*", [2, 1]), ("PatientID=", [3, 2, 1, 4, 5]),
                ("StudyID=3", [3]), (f"StudyInstanceUID={dicom_data.study_uid(3)}", [3]),
                (f"StudyInstanceUID={dicom_data.study_uid(3)}%2C{dicom_data.study_uid(1)}", [3, 1]),
                (f"StudyInstanceUID={dicom_data.study_uid(3)}%5C{dicom_data.study_uid(1)}%5C9.9", [3, 1]),
                ("StudyDescription=*2", [2]), ("PatientBirthDate=19700131", [3, 2, 1, 4]), ("PatientSex=F", [3, 2, 1, 4]),
                ("PatientID=P1&ModalitiesInStudy=CT", [1]), ("PatientID=P1&ModalitiesInStudy=US", []),
                ("emptyvaluematching=true&PatientID=%22%22", [5]),
                ("multiplevaluematching=true&PatientID=P2%5CP3", [3, 4]),
                ("fuzzymatching=true&PatientName=smith", [3, 2, 1]),
                ("fuzzymatching=true&PatientName=john%20smith", [2, 1]),
                ("fuzzymatching=true&PatientName=katarina*", [3]),
                ("fuzzymatching=true&PatientName=*jones*", [])):
            with self.subTest(query):
                self.assertEqual(self.studies(query), found)

    def test_series_and_instances_at_every_resource(self):
        one, series = dicom_data.study_uid(1), dicom_data.series_uid(1, 2)
        for path, count in (
                (f"studies/{one}/series", 2), (f"studies/{one}/series?Modality=CR", 1), (f"studies/{one}/instances", 6),
                (f"studies/{one}/instances?InstanceNumber=2", 2), (f"studies/{one}/instances?Modality=CT", 3),
                (f"studies/{one}/series/{series}/instances", 3), (f"studies/{one}/series/{series}/instances?Rows=9999", 0),
                (f"studies/{one}/series?SeriesNumber=2", 1), (f"studies/{one}/series?PatientID=P1", 2),
                (f"studies/{one}/series?PatientID=P2", 0), ("series?Modality=MR", 1), ("series?PatientID=P1", 4),
                (f"series?SeriesInstanceUID={series}", 1), ("series", 9),
                ("series?RequestAttributesSequence.RequestedProcedureID=RP2", 2),
                ("series?00400275.00400009=SPS2.1", 1),
                ("series?00400275.00400009=SPS2.1&RequestAttributesSequence.RequestedProcedureID=RP3", 0),
                ("instances?PatientID=P1&InstanceNumber=1", 4), ("instances", 25),
                (f"instances?SOPInstanceUID={dicom_data.sop_instance_uid(3, 2, 1)}", 1),
                (f"instances?SOPClassUID={dicom_data.SOP_CLASSES['MR']}", 3), ("studies/9.9/series", 0),
                (f"studies/{one}/series/9.9/instances", 0), (f"studies/{dicom_data.study_uid(2)}/series/{series}/instances", 0)):
            with self.subTest(path):
                self.assertEqual(len(self.results(path)), count)
        relational = self.results(f"series?SeriesInstanceUID={series}")[0]
        self.assertEqual([tag for tag in REQUIRED["study"] + REQUIRED["series"] if tag not in relational], [])
        self.assertEqual(value(relational, "00201209"), 3)
        relational = self.results(f"instances?SOPInstanceUID={dicom_data.sop_instance_uid(3, 2, 1)}")[0]
        self.assertEqual([tag for level in REQUIRED.values() for tag in level if tag not in relational], [])
        self.assertTrue(value(relational, "00081190").endswith(
            f"/studies/{dicom_data.study_uid(3)}/series/{dicom_data.series_uid(3, 2)}/instances/"
            f"{dicom_data.sop_instance_uid(3, 2, 1)}"))

    def test_includefield(self):
        one = dicom_data.study_uid(1)
        self.assertNotIn("00081030", self.results("studies?PatientID=P1")[0])
        for query in ("includefield=StudyDescription", "includefield=00081030,00080060", "includefield=00081030%2C00080060",
                      "includefield=00080060&includefield=StudyDescription", "includefield=all"):
            with self.subTest(query):
                result = self.results(f"studies?AccessionNumber=A1&{query}")[0]
                self.assertEqual(value(result, "00081030"), "Study 1")
                self.assertNotIn("00080060", result)
                self.assertEqual(list(result), sorted(result))
        series = self.results(f"studies/{one}/series?includefield=00080021,StudyDescription,RequestAttributesSequence")[0]
        self.assertEqual(value(series, "00080021"), "20240229")
        self.assertEqual(value(series, "00081030"), "Study 1")
        self.assertEqual(value(value(series, "00400275"), "00401001"), "RP1")
        everything = self.results(f"studies/{one}/instances?includefield=all&limit=1")[0]
        for tag in ("00280103", "00080060", "00100010"):
            self.assertIn(tag, everything)
        self.assertNotIn("7FE00010", everything)
        self.assertEqual(self.results("studies?AccessionNumber=A1&includefield=PatientComments")[0]["00104000"],
                         {"vr": "LT"})

    def test_paging(self):
        answer = self.get("studies?limit=2")
        self.assertEqual(len(answer.json()), 2)
        self.assertRegex(answer.headers["Warning"], r"^299 http://127\.0\.0\.1:\d+/dicomweb: There are additional results")
        pages = [self.studies(f"limit=2&offset={offset}") for offset in (0, 2, 4, 6)]
        self.assertEqual(pages, [[3, 2], [1, 4], [5], []])
        self.assertNotIn("Warning", self.get("studies?limit=5").headers)
        answer = self.get(f"studies/{dicom_data.study_uid(1)}/instances?limit=2&offset=1")
        self.assertIn("There are 3 additional results", answer.headers["Warning"])
        self.get("studies?limit=0", 204)

    def test_what_is_wrong_is_said(self):
        for query, said in (("PatientNam=x", "PatientNam"), ("StudyDate=1", "StudyDate"), ("limit=x", "limit"),
                            ("Modality=CT", "ModalitiesInStudy"), ("PatientComments=x", "not kept"),
                            ("%00=1", "NUL"), ("PatientID=1&PatientID=2", "more than once"),
                            ("'; DROP TABLE dicom_study; --=1", "no attribute"),
                            ("PatientID.StudyDate=1", "no sequence")):
            with self.subTest(query):
                answer = self.get("studies?" + urllib.parse.quote(query, "%=&"), 400)
                outcome = answer.json()
                self.assertEqual(outcome["resourceType"], "OperationOutcome")
                self.assertIn(said, outcome["issue"][0]["diagnostics"])
        self.get("studies/1.2.x/series", 400)
        for text in ("' OR 1=1 --", '"; --', "%", "_", "\\", "*" * 50, "?" * 50, "\U0001F600"):
            self.assertIsInstance(self.studies("PatientName=" + urllib.parse.quote(text)), list)
            self.assertIsInstance(self.studies("PatientID=" + urllib.parse.quote(text)), list)

    def test_content_negotiation(self):
        for accept, content_type in (
                ("application/dicom+json", "application/dicom+json"), ("application/json", "application/json"),
                ("*/*", "application/dicom+json"),
                ('multipart/related; type="application/dicom+xml"', "multipart/related"),
                ("multipart/related; type=application/dicom+xml", "multipart/related")):
            answer = self.get("studies", Accept=accept)
            self.assertEqual(answer.headers["Content-Type"].split(";")[0], content_type)
        self.get("studies", 406, Accept="image/png")
        self.assertEqual(self.get("studies?accept=application/json", Accept="image/png").headers["Content-Type"],
                         "application/json")

    def test_xml_has_one_part_for_each_result(self):
        answer = self.get("studies?limit=3", Accept='multipart/related; type="application/dicom+xml"')
        boundary = answer.headers["Content-Type"].split("boundary=")[1].strip('"')
        parts = answer.body.split(f"--{boundary}".encode())[1:-1]
        self.assertEqual(len(parts), 3)
        for part, result in zip(parts, self.results("studies?limit=3")):
            head, _, document = part.partition(b"\r\n\r\n")
            self.assertIn(b"Content-Type: application/dicom+xml", head)
            root = ElementTree.fromstring(document.strip())
            attributes = {element.get("tag"): element for element in root.iter(f"{NATIVE}DicomAttribute")}
            self.assertEqual(sorted(attributes), sorted(result))
            self.assertEqual(attributes["0020000D"].find(f"{NATIVE}Value").text, value(result, "0020000D"))
            self.assertEqual(attributes["00201208"].find(f"{NATIVE}Value").text, str(value(result, "00201208")))

    def test_follows_deletion(self):
        store(self.server, dicom_data.instance(90, 1, 1, patient="GONE"), dicom_data.instance(90, 2, 1, patient="GONE"))
        uid = dicom_data.study_uid(90)
        self.assertEqual(value(self.results("studies?PatientID=GONE")[0], "00201206"), 2)
        self.assertEqual(self.server.request("DELETE", f"{STUDIES}/{uid}/series/{dicom_data.series_uid(90, 1)}").status, 204)
        self.assertEqual(value(self.results("studies?PatientID=GONE")[0], "00201206"), 1)
        self.assertEqual(self.server.request("DELETE", f"{STUDIES}/{uid}").status, 204)
        self.assertEqual(self.results("studies?PatientID=GONE"), [])

    def test_origins(self):
        answer = self.server.request("GET", STUDIES, headers={"Host": "evil.example"})
        self.assertEqual(answer.status, 421)


SAMPLES = ROOT.parent / "shared" / "samples" / "dicom"


@unittest.skipUnless(SAMPLES.is_dir(), "no samples beside the project")
class SamplesTest(unittest.TestCase):
    def test_every_sample_is_found_by_what_it_says(self):
        with tempfile.TemporaryDirectory() as folder, Server(folder, "--dimse", "off") as server:
            stored = 0
            for path in sorted(SAMPLES.rglob("*")):
                if path.is_file():
                    answer = server.request("POST", STUDIES, path.read_bytes(), {"Content-Type": "application/dicom"})
                    stored += answer.status in (200, 202)
            self.assertGreater(stored, 50)
            studies = server.get(f"{STUDIES}?includefield=all").json()
            self.assertGreater(len(studies), 20)
            instances = 0
            for study in studies:
                uid = value(study, "0020000D")
                self.assertEqual(list(study), sorted(study))
                for tag in ("00080020", "00100010", "00100020", "00080050", "00200010"):
                    text = value(study, tag)
                    text = text.get("Alphabetic") if isinstance(text, dict) else text
                    if not text or text == "00000000":  # what some have for no date
                        continue
                    found = server.get(f"{STUDIES}?{tag}={urllib.parse.quote(text)}")
                    self.assertEqual(found.status, 200, (tag, text))
                    self.assertIn(uid, [value(one, "0020000D") for one in found.json()], (tag, text))
                series = server.get(f"{STUDIES}/{uid}/series").json()
                self.assertEqual(len(series), value(study, "00201206"))
                for one in series:
                    listed = server.get(f"{STUDIES}/{uid}/series/{value(one, '0020000E')}/instances?includefield=all").json()
                    self.assertEqual(len(listed), value(one, "00201209"))
                    instances += len(listed)
            self.assertEqual(instances, sum(value(study, "00201208") for study in studies))


if __name__ == "__main__":
    unittest.main()

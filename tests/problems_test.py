"""DICOMweb's list of problems through the front door: what was refused is tried again while the server runs."""

import tempfile
import time
import unittest
from pathlib import Path

import dicom_data as dicom
from lightbox import Server


class ProblemsTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.data = Path(folder.name)

    def serve(self, *flags):
        server = Server(self.data, "--dimse", "off", *flags)
        self.addCleanup(server.__exit__)
        return server

    def store(self, server, content, status=200):
        answer = server.request("POST", "/dicomweb/studies", content, {"Content-Type": "application/dicom"})
        self.assertEqual(answer.status, status, answer)

    def problems(self, server):
        return server.get("/dicomweb/problems").json()["problems"]

    def retry(self, server, which, status):
        answer = server.request("POST", f"/dicomweb/problems/{which}$retry")
        self.assertEqual(answer.status, status, answer)
        return answer

    def refused(self, server, key, status, text):
        outcome = self.retry(server, f"{key}/", status).json()
        self.assertEqual(outcome["resourceType"], "OperationOutcome")
        self.assertIn(text, outcome["issue"][0]["diagnostics"])

    def wait_for(self, what):
        ends = time.monotonic() + 30
        while not (value := what()):
            self.assertLess(time.monotonic(), ends)
            time.sleep(0.05)
        return value

    def quarantined_files(self):
        return list((self.data / "dicom/quarantine").iterdir())

    def quarantine(self, *objects):
        """By a limit that is lower than that of the server which comes next."""
        server = self.serve("--dicom-elements-max", "20")
        for content in objects:
            self.store(server, content, 409)
        self.assertEqual(server.stop(), 0)
        self.assertEqual(len(self.quarantined_files()), len(objects))

    def test_one_is_tried_again(self):
        self.quarantine(dicom.instance(1, 1, 1), dicom.instance(2, 1, 1))
        server = self.serve()
        problem, other = self.problems(server)
        self.assertIn("dicom_elements_max", problem["diagnostics"])
        answer = self.retry(server, f"{problem['id']}/", 200).json()
        self.assertEqual(answer, {"id": problem["id"], "outcome": "stored", "study": dicom.study_uid(1),
                                  "series": dicom.series_uid(1, 1), "instance": dicom.sop_instance_uid(1, 1, 1)})
        self.wait_for(lambda: server.get(f"ImagingStudy/{dicom.study_uid(1)}").status == 200)
        self.assertEqual(self.problems(server), [other])
        self.assertEqual(len(self.quarantined_files()), 1)
        self.refused(server, problem["id"], 404, "There is no problem")
        self.refused(server, "x", 404, "There is no problem")

    def test_all_are_tried_again(self):
        bad = dicom.instance(3, 1, 1, SeriesInstanceUID=None)
        self.quarantine(dicom.instance(1, 1, 1), dicom.instance(1, 1, 2), bad)
        server = self.serve()
        self.assertEqual(self.retry(server, "", 200).json(), {"taken": 2, "left": 1})
        study = self.wait_for(lambda: server.search(f"ImagingStudy?identifier=urn:oid:{dicom.study_uid(1)}"))
        self.wait_for(lambda: server.get(f"ImagingStudy/{study[0]}").json()["numberOfInstances"] == 2)
        # The reason that stands now is listed, and no other.
        left = self.problems(server)
        self.assertEqual([p["kind"] for p in left], ["quarantined"])
        self.assertIn("(0020,000E)", left[0]["diagnostics"])
        self.refused(server, left[0]["id"], 422, "(0020,000E)")
        self.assertEqual(self.quarantined_files()[0].read_bytes(), bad)
        self.assertEqual(self.retry(server, "", 200).json(), {"taken": 0, "left": 1})

    def test_what_conflicts_stays(self):
        self.quarantine(dicom.instance(1, 1, 1))
        server = self.serve()
        self.store(server, dicom.instance(1, 1, 1, PatientName="Other^Name"))
        self.refused(server, self.problems(server)[0]["id"], 409, "already with other content")
        kinds = {p["kind"]: p for p in self.problems(server)}
        self.assertEqual(set(kinds), {"quarantined", "conflict"})
        self.assertEqual(kinds["quarantined"]["code"], "duplicate")
        self.refused(server, kinds["conflict"]["id"], 409, "is not kept")
        self.assertEqual(len(self.quarantined_files()), 1)

    def test_a_study_is_mapped_again(self):
        uid = dicom.study_uid(1)
        server = self.serve()
        candidate = {"resourceType": "ImagingStudy", "status": "available", "subject": {"display": "Somebody"},
                     "identifier": [{"system": "urn:dicom:uid", "value": f"urn:oid:{uid}"}]}
        first, second = (server.request("POST", "ImagingStudy", candidate).json()["id"] for _ in range(2))
        self.store(server, dicom.instance(1, 1, 1))
        problem = self.wait_for(lambda: self.problems(server))[0]
        self.assertEqual((problem["kind"], problem["study"]), ("mapping", uid))
        self.assertEqual(server.request("DELETE", f"ImagingStudy/{first}").status, 204)
        answer = self.retry(server, f"{problem['id']}/", 202).json()
        self.assertEqual(answer, {"id": problem["id"], "outcome": "queued", "study": uid})
        self.wait_for(lambda: not self.problems(server))
        self.assertEqual(server.get(f"ImagingStudy/{second}").json()["numberOfInstances"], 1)

    def test_a_page_of_another_origin_may_not(self):
        server = self.serve()
        answer = server.request("POST", "/dicomweb/problems/$retry", headers={"Origin": "https://evil.example"})
        self.assertEqual(answer.status, 403)


if __name__ == "__main__":
    unittest.main()

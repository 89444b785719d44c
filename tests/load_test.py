"""`lightbox load`: NDJSON and Bundles, into a stopped store and into a running server."""

import json
import tempfile
import unittest
from pathlib import Path

from lightbox import ROOT, Server, run, study

SAMPLES = ROOT.parent / "shared" / "samples" / "fhir"


def resources(count):
    yield {"resourceType": "Patient", "id": "p1", "name": [{"family": "Load"}]}
    for n in range(count):
        yield study(id=f"s{n}", started=f"2024-01-{1 + n % 28:02}",
                    identifier=[{"system": "urn:load", "value": f"L{n}"}])


class LoadTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.path = Path(self.folder.name)
        self.data = self.path / "data"

    def ndjson(self, name, items):
        path = self.path / name
        path.write_text("".join((item if isinstance(item, str) else json.dumps(item)) + "\n" for item in items))
        return path

    def bundle(self, name, kind, items):
        path = self.path / name
        entries = [{"fullUrl": f"urn:x:{n}", "resource": item} for n, item in enumerate(items)]
        path.write_text(json.dumps({"resourceType": "Bundle", "type": kind, "entry": entries}, indent=2))
        return path

    def check_loaded(self, server, studies):
        self.assertEqual(server.get("ImagingStudy?_summary=count").json()["total"], studies)
        self.assertEqual(server.search("ImagingStudy?identifier=L7"), ["s7"])
        self.assertEqual(server.get("Patient/p1").status, 200)
        self.assertEqual(len(server.search("Patient/p1/ImagingStudy")), studies)

    def test_ndjson_into_a_store(self):
        code, output = run("load", "--data", self.data, self.ndjson("a.ndjson", resources(300)))
        self.assertEqual(code, 0, output)
        with Server(self.data) as server:
            self.check_loaded(server, 300)

    def test_ndjson_into_a_server(self):
        with Server(self.data) as server:
            code, output = run("load", "--to", server.base, self.ndjson("a.ndjson", resources(300)))
            self.assertEqual(code, 0, output)
            self.check_loaded(server, 300)

    def test_bundles(self):
        for kind in ("collection", "searchset", "batch", "transaction"):
            with self.subTest(kind):
                data = self.path / kind
                file = self.bundle(f"{kind}.json", kind, resources(20))
                code, output = run("load", "--data", data, file)
                self.assertEqual(code, 0, output)
                with Server(data) as server:
                    self.check_loaded(server, 20)

    def test_both_ways_store_the_same(self):
        file = self.ndjson("a.ndjson", resources(50))
        self.assertEqual(run("load", "--data", self.data, file)[0], 0)
        other = self.path / "other"
        with Server(self.data) as one, Server(other) as two:
            self.assertEqual(run("load", "--to", two.base, file)[0], 0)
            for n in range(50):
                bodies = [server.get(f"ImagingStudy/s{n}").json() for server in (one, two)]
                for body in bodies:
                    del body["meta"]["lastUpdated"]
                self.assertEqual(*bodies)
            for query in ("patient=p1", "started=ge2024-01-15", "identifier=urn:load|L3", "_sort=-started",
                          "status=available&_count=7", "modality:missing=true"):
                self.assertEqual(sorted(one.search("ImagingStudy?" + query)),
                                 sorted(two.search("ImagingStudy?" + query)), query)

    def test_what_is_wrong_is_refused_with_its_place_and_the_rest_goes_in(self):
        lines = [*resources(10), "{not json", study(id="bad", status="finished"), {"resourceType": "Nothing"}]
        for way in ("--data", "--to"):
            with self.subTest(way):
                data = self.path / way.strip("-")
                file = self.ndjson("mixed.ndjson", lines)
                if way == "--data":
                    code, output = run("load", "--data", data, file)
                    with Server(data) as server:
                        self.check_loaded(server, 10)
                else:
                    with Server(data) as server:
                        code, output = run("load", "--to", server.base, file)
                        self.check_loaded(server, 10)
                self.assertNotEqual(code, 0, output)
                self.assertIn("ImagingStudy.status", output)
                for line in (12, 13, 14):
                    self.assertRegex(output, rf"mixed\.ndjson line {line}\b")

    def test_loading_again_changes_nothing(self):
        file = self.ndjson("a.ndjson", resources(100))
        for _ in range(2):
            code, output = run("load", "--data", self.data, file)
            self.assertEqual(code, 0, output)
        with Server(self.data) as server:
            self.check_loaded(server, 100)
            self.assertEqual(server.get("ImagingStudy/s5").headers["ETag"], 'W/"1"')

    def test_more_files_onto_what_is_there(self):
        self.assertEqual(run("load", "--data", self.data, self.ndjson("a.ndjson", resources(100)))[0], 0)
        changed = [study(id="s5", started="2020-01-01", identifier=[{"system": "urn:load", "value": "changed"}]),
                   study(id="new", identifier=[{"system": "urn:load", "value": "new"}])]
        self.assertEqual(run("load", "--data", self.data, self.ndjson("b.ndjson", changed))[0], 0)
        with Server(self.data) as server:
            self.check_loaded(server, 101)
            self.assertEqual(server.search("ImagingStudy?identifier=changed"), ["s5"])
            self.assertEqual(server.search("ImagingStudy?identifier=L5"), [])
            self.assertEqual(server.get("ImagingStudy/s5").headers["ETag"], 'W/"2"')

    def test_a_store_in_use_is_left_alone(self):
        with Server(self.data) as server:
            code, output = run("load", "--data", self.data, self.ndjson("a.ndjson", resources(3)))
            self.assertNotEqual(code, 0, output)
            self.assertEqual(server.get("ImagingStudy?_summary=count").json()["total"], 0)

    def test_a_file_that_is_not_there(self):
        code, output = run("load", "--data", self.data, self.path / "nothing.ndjson")
        self.assertNotEqual(code, 0)
        self.assertIn("nothing.ndjson", output)

    def test_the_demo_data_has_no_findings(self):
        code, output = run("load", "--data", self.data, *sorted((ROOT / "demo").glob("*.ndjson")))
        self.assertEqual(code, 0, output)
        with Server(self.data) as server:
            for query in ("_id=img-001", "patient=Patient/123", "subject=Patient/123", "modality=CT",
                          "status=available", "started=ge2024-01-01", "identifier=ACC123456",
                          "encounter=Encounter/456", "referrer=Practitioner/789", "basedon=ServiceRequest/sr-001"):
                self.assertIn("img-001", server.search("ImagingStudy?" + query), query)
            for code in ("CT", "MR", "US", "DX", "CR", "NM", "PT", "XA", "MG", "RF"):
                self.assertEqual(len(server.search(f"ImagingStudy?modality={code}")), 3, code)
            for status in ("registered", "available", "cancelled", "entered-in-error", "unknown"):
                self.assertTrue(server.search(f"ImagingStudy?status={status}"), status)

    @unittest.skipUnless(SAMPLES.is_dir(), "no samples beside the project")
    def test_the_samples_of_others_go_in_and_are_found(self):
        files = sorted(path for path in SAMPLES.rglob("*.json") if "r4" in path.parts)
        self.assertGreater(len(files), 10)
        _, output = run("load", "--data", self.data, *files)
        taken = [file for file in files if str(file) not in output]
        with Server(self.data) as server:
            studies = 0
            for file in taken:
                resource = json.loads(file.read_text("utf-8-sig"))
                if resource["resourceType"] == "ImagingStudy":
                    studies += 1
                    self.assertEqual(server.search(f"ImagingStudy?_id={resource['id']}"), [resource["id"]])
        print(f"{len(files)} sample files of R4, {len(taken)} without findings; {studies} ImagingStudy files found")
        self.assertGreater(studies, 5, output)


if __name__ == "__main__":
    unittest.main()

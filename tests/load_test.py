"""`lightbox load`: NDJSON and Bundles, into a stopped store and into a running server."""

import gzip
import http.server
import json
import random
import subprocess
import tempfile
import threading
import time
import unittest
from pathlib import Path

from lightbox import BINARY, ROOT, Server, run, study

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

    def test_what_is_contained_can_be_searched(self):
        """The bulk load writes its index rows by a way of its own."""
        items = [study(id=f"s{n}", subject={"reference": "#p"}, contained=[
            {"resourceType": "Patient", "id": "p", "name": [{"family": f"Family{n % 10}"}]}]) for n in range(100)]
        code, output = run("load", "--data", self.data, self.ndjson("a.ndjson", items))
        self.assertEqual(code, 0, output)
        with Server(self.data) as server:
            sevens = [f"s{n}" for n in range(7, 100, 10)]
            self.assertEqual(server.search("Patient?_contained=true&family=family7&_count=3"), sevens)
            self.assertEqual(sorted(server.search("ImagingStudy?patient.family=family7")), sorted(sevens))
            self.assertEqual(server.search("Patient?family=family7"), [])

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

    def test_files_that_cannot_be_read_stop_the_load_before_it_begins(self):
        good, folder = self.ndjson("a.ndjson", resources(3)), self.path / "folder"
        folder.mkdir()
        code, output = run("load", "--data", self.data, good, self.path / "nothing.ndjson", folder)
        self.assertEqual(code, 1, output)
        self.assertIn("nothing.ndjson cannot be read: No such file", output)
        self.assertRegex(output, r"folder cannot be read: it is a folder; name its files, such as .*folder/\*\.ndjson")
        self.assertFalse(self.data.exists())

    def test_line_ends_blank_lines_and_byte_order_marks(self):
        lines = [json.dumps(item) for item in resources(8)]
        for name, text in (("crlf", "\r\n".join(lines) + "\r\n"), ("mark", "\ufeff" + "\n".join(lines)),
                           ("blank", "\n\n" + "\n \n\r\n".join(lines) + "\n\n"), ("no-end", "\n".join(lines)),
                           ("long", "\n".join(lines) + " " * 3_000_000 + "\n")):
            with self.subTest(name):
                file = self.path / f"{name}.ndjson"
                file.write_bytes(text.encode())
                code, output = run("load", "--data", self.path / name, file)
                self.assertEqual(code, 0, output)
                self.assertIn("9 resources", output)
                with Server(self.path / name) as server:
                    self.check_loaded(server, 8)

    def test_a_broken_line_is_one_line_wherever_it_is(self):
        good = [json.dumps(item) for item in resources(8)]
        for place in (0, 1, 5, 9):
            for broken in ("{not json", '{"resourceType":"Patient","id":"q', "}{", '{"resourceType":"Patient"', "5",
                           "[]", '"' + "x" * 70_000_000):
                with self.subTest(place=place, broken=broken[:30]):
                    lines = [*good[:place], broken, *good[place:]]
                    code, output = run("load", "--data", self.path / "broken", self.ndjson("b.ndjson", lines))
                    self.assertEqual(code, 2, output)
                    self.assertRegex(output, rf"b\.ndjson line {place + 1}\n")
                    self.assertIn("1 refused", output)
                    self.assertIn("10 resources", output)

    def test_one_resource_over_many_lines(self):
        for name, text in (("a", json.dumps(study(id="s7"), indent=2)),
                           ("b", "\n\n\ufeff"[:2] + json.dumps(study(id="s8"), indent=1)),
                           # Each entry on a line of its own is no NDJSON.
                           ("c", '{"resourceType":"Bundle","type":"collection","entry":[{"resource":\n'
                                 + json.dumps(study(id="s9")) + "\n}]}\n")):
            (self.path / name).write_text(text)
            code, output = run("load", "--data", self.data, self.path / name)
            self.assertEqual(code, 0, output)
        with Server(self.data) as server:
            self.assertEqual(sorted(server.search("ImagingStudy")), ["s7", "s8", "s9"])

    def test_xml(self):
        xmlns = 'xmlns="http://hl7.org/fhir"'
        files = {
            "a.xml": f'\ufeff<?xml version="1.0" encoding="UTF-8"?>\r\n<Patient {xmlns}>\r\n'
                     '  <id value="x1"/>\r\n  <name>\r\n    <family value="Lee"/>\r\n  </name>\r\n</Patient>\r\n',
            "b.xml": f'\n<Bundle {xmlns}><type value="collection"/>\n'
                     '<entry><fullUrl value="urn:x:1"/><resource><Patient><id value="x2"/></Patient></resource></entry>\n'
                     '<entry><resource><ImagingStudy><id value="s1"/><status value="available"/>'
                     '<subject><reference value="urn:x:1"/></subject></ImagingStudy></resource></entry>\n</Bundle>\n',
            "c.xml": f'<Patient {xmlns}><name><family value="Twin"/></name></Patient>',
            "c.json": json.dumps({"resourceType": "Patient", "name": [{"family": "Twin"}]}),
            "d.xml.gz": f'<Patient {xmlns}><id value="x4"/></Patient>',
        }
        for name, text in files.items():
            text = text.encode()
            (self.path / name).write_bytes(gzip.compress(text) if name.endswith("gz") else text)
        code, output = run("load", "--data", self.data, *(self.path / name for name in files))
        self.assertEqual(code, 0, output)
        with Server(self.data) as server:
            self.assertEqual(server.get("Patient/x1").json()["name"], [{"family": "Lee"}])
            self.assertEqual(server.search("Patient/x2/ImagingStudy"), ["s1"])
            self.assertEqual(len(server.search("Patient?family=Twin")), 1)  # in either format the same
            self.assertEqual(server.get("Patient/x4").status, 200)

    def test_xml_that_is_wrong_is_refused_with_its_findings(self):
        for name, text, finding in (("a", '<Patient xmlns="http://hl7.org/fhir">\n<colour value="red"/></Patient>',
                                     "Patient.colour"),
                                    ("b", '<Patient xmlns="http://hl7.org/fhir">\n<id value="x1"/>\n', "line 3"),
                                    ("c", '<Patient xmlns="http://hl7.org/fhir"><gender value="x"/></Patient>',
                                     "Patient.gender")):
            with self.subTest(name):
                file = self.path / f"{name}.xml"
                file.write_text(text)
                code, output = run("load", "--data", self.data, file)
                self.assertEqual(code, 2, output)
                self.assertIn(f"{name}.xml", output)
                self.assertIn(finding, output)
                self.assertIn("1 refused", output)

    def test_files_of_gzip(self):
        text = "".join(json.dumps(item) + "\n" for item in resources(3000)).encode()
        whole, cut = self.path / "a.ndjson.gz", self.path / "cut.ndjson.gz"
        # Two members in a row are one file.
        whole.write_bytes(gzip.compress(text[:1000]) + gzip.compress(text[1000:]))
        code, output = run("load", "--data", self.data, whole)
        self.assertEqual(code, 0, output)
        with Server(self.data) as server:
            self.check_loaded(server, 3000)
        cut.write_bytes(gzip.compress(text)[:-3000])
        code, output = run("load", "--data", self.path / "other", cut, whole)
        self.assertEqual(code, 2, output)
        self.assertRegex(output, r"cut\.ndjson\.gz line \d+\n.*cannot be read: unexpected end of file")
        self.assertIn("1 refused", output)
        with Server(self.path / "other") as server:
            self.check_loaded(server, 3000)

    def test_references_to_entries_and_resources_without_ids(self):
        patient = {"resourceType": "Patient", "name": [{"family": "Twin"}]}
        entries = [{"fullUrl": f"urn:uuid:{n}", "resource": patient} for n in (1, 2)]
        nameless = {key: value for key, value in study().items() if key != "subject"}
        entries += [{"fullUrl": "urn:uuid:3", "resource": {**nameless, "subject": {"reference": "urn:uuid:2"}}},
                    {"request": {"method": "DELETE", "url": "Patient/9"}}, {"fullUrl": "urn:uuid:5"},
                    {"search": {"mode": "outcome"}, "resource": {"resourceType": "OperationOutcome", "issue": []}}]
        file = self.path / "a.json"
        file.write_text(json.dumps({"resourceType": "Bundle", "type": "transaction", "entry": entries}))
        for expected in ("3 new, 0 changed, 0 known already, 2 refused", "0 new, 0 changed, 3 known already, 2 refused"):
            code, output = run("load", "--data", self.data, file)
            self.assertEqual(code, 2)
            self.assertIn(expected, output)
            self.assertRegex(output, r"entry\[3\]\n.*DELETE Patient/9")
        with Server(self.data) as server:
            patients = server.search("Patient?family=twin")
            self.assertEqual(len(patients), 2)
            studies = [server.search(f"Patient/{id}/ImagingStudy") for id in patients]
            self.assertEqual(sorted(map(len, studies)), [0, 1])

    def test_of_a_history_the_newest_version_is_taken(self):
        items = [study(id="s1", description=text) for text in ("newest", "older", "oldest")]
        file = self.bundle("h.json", "history", [*items, study(id="s2")])
        for _ in range(2):
            self.assertEqual(run("load", "--data", self.data, file)[0], 0)
        with Server(self.data) as server:
            self.assertEqual(server.get("ImagingStudy/s1").json()["description"], "newest")
            self.assertEqual(server.get("ImagingStudy/s1").headers["ETag"], 'W/"1"')
            self.assertEqual(server.get("ImagingStudy/s2").status, 200)

    def test_of_one_id_that_comes_twice_the_later_wins(self):
        items = [study(id="s1", description=f"number {n}") for n in range(50)]
        with Server(self.data) as server:
            code, output = run("load", "--to", server.base, self.ndjson("a.ndjson", items))
            self.assertEqual(code, 0, output)
            self.assertEqual(server.get("ImagingStudy/s1").json()["description"], "number 49")
            self.assertEqual(server.get("ImagingStudy/s1").headers["ETag"], 'W/"50"')

    def kill_and_go_on(self, target, file, count, after_s):
        """Kills the load again and again at a random time, early at first, then lets it go to its end."""
        killed = 0
        for _ in range(6):
            load = subprocess.Popen([str(BINARY), "load", *target, str(file)], stdout=subprocess.DEVNULL,
                                    stderr=subprocess.DEVNULL)
            time.sleep(random.uniform(0.02, after_s if killed else 0.05))
            load.kill()
            killed += load.wait() != 0
        code, output = run("load", *target, file)
        self.assertEqual(code, 0, output)
        self.assertIn(f"{count + 1} resources", output)
        return killed

    def check_once(self, server, count):
        self.check_loaded(server, count)
        self.assertEqual(sorted(server.search("ImagingStudy?_count=1000")), sorted(f"s{n}" for n in range(count)))
        for n in random.sample(range(count), 50):
            self.assertEqual(server.get(f"ImagingStudy/s{n}").headers["ETag"], 'W/"1"')

    def test_a_load_into_a_store_that_is_killed_goes_on(self):
        count = 30_000
        file = self.ndjson("a.ndjson", resources(count))
        self.assertGreater(self.kill_and_go_on(("--data", str(self.data)), file, count, 0.8), 0)
        with Server(self.data) as server:
            self.check_once(server, count)

    def test_a_load_into_a_server_that_is_killed_goes_on(self):
        count = 1500
        file = self.ndjson("a.ndjson", resources(count))
        with Server(self.data) as server:
            self.assertGreater(self.kill_and_go_on(("--to", server.base), file, count, 0.3), 0)
            self.check_once(server, count)

    def test_a_server_that_goes_away_stops_the_load(self):
        file = self.ndjson("a.ndjson", resources(20_000))
        server = Server(self.data)
        load = subprocess.Popen([str(BINARY), "load", "--to", server.base, str(file)], stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True)
        while server.get("ImagingStudy?_summary=count").json()["total"] < 20:
            time.sleep(0.01)
        server.kill()
        output, _ = load.communicate(timeout=60)
        self.assertEqual(load.returncode, 1, output)
        self.assertIn("start the load again", output)
        self.assertRegex(output, r"\d+ resources in .*: \d+ new")

    def test_what_is_no_fhir_server_is_told_once(self):
        file = self.ndjson("a.ndjson", resources(50))
        with Server(self.data) as server:
            for base in (f"http://127.0.0.1:{server.port}", f"http://127.0.0.1:{server.port}/fhir"):
                code, output = run("load", "--to", base, file)
                self.assertEqual(code, 1, output)
                self.assertIn("is no FHIR base", output)
                self.assertEqual(output.count("\n"), 1, output)
            code, output = run("load", "--to", server.base, "--data", self.data, file)
            self.assertNotEqual(code, 0)
            self.assertIn("excludes", output)

    def test_an_answer_that_all_would_get_stops_the_load(self):
        class Refuses(http.server.BaseHTTPRequestHandler):
            status = 507

            def do_GET(self):
                self.answer(200, {"resourceType": "CapabilityStatement"})

            def do_PUT(self):
                self.rfile.read(int(self.headers["Content-Length"]))
                issue = {"severity": "error", "code": "no-store", "diagnostics": "no room"}
                self.answer(self.status, {"resourceType": "OperationOutcome", "issue": [issue]})

            def answer(self, status, body):
                self.send_response(status)
                body = json.dumps(body).encode()
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        file = self.ndjson("a.ndjson", resources(500))
        refusing = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Refuses)
        refusing.handle_error = lambda *_: None  # the client hangs up
        self.addCleanup(refusing.server_close)
        threading.Thread(target=refusing.serve_forever, daemon=True).start()
        self.addCleanup(refusing.shutdown)
        for status in (401, 403, 507):
            Refuses.status = status
            code, output = run("load", "--to", f"http://127.0.0.1:{refusing.server_port}/baseR4", file)
            self.assertEqual(code, 1, output)
            self.assertIn(f"answered {status}: no room", output)
            self.assertLess(output.count("\n"), 5, output)

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
                root = json.loads(file.read_text("utf-8-sig"))
                entries = [entry.get("resource", {}) for entry in root.get("entry", [])]
                for resource in entries if root["resourceType"] == "Bundle" else [root]:
                    if resource.get("resourceType") != "ImagingStudy":
                        continue
                    studies += 1
                    if "id" in resource:
                        self.assertEqual(server.search(f"ImagingStudy?_id={resource['id']}"), [resource["id"]])
                    for uid in (series["uid"] for series in resource.get("series", [])):
                        self.assertTrue(server.search(f"ImagingStudy?series={uid}"), (file, uid))
        print(f"{len(files)} sample files of R4, {len(taken)} without findings; {studies} ImagingStudy found")
        self.assertGreaterEqual(studies, 15, output)


if __name__ == "__main__":
    unittest.main()

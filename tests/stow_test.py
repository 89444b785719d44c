"""STOW-RS through the front door: what is sent, however it is sent, and what is left when it is cut off."""

import gzip
import http.client
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
import unittest
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import dicom_data
import orthanc_archive
from lightbox import Server

BOUNDARY = "b0undary"
DICOM = f'multipart/related; type="application/dicom"; boundary={BOUNDARY}'
JSON = f'multipart/related; type="application/dicom+json"; boundary={BOUNDARY}'
XML = f'multipart/related; type="application/dicom+xml"; boundary={BOUNDARY}'
STORED, FAILED, OTHER = "00081199", "00081198", "0008119A"


def multipart(*parts):
    """Each part: content, or (content type, content), or (content type, location, content)."""
    body = b""
    for part in parts:
        kind, location, content = ("application/dicom", None, part) if isinstance(part, bytes) else (
            (part[0], None, part[1]) if len(part) == 2 else part)
        body += f"--{BOUNDARY}\r\nContent-Type: {kind}\r\n".encode()
        body += f"Content-Location: {location}\r\n".encode() if location else b""
        body += b"\r\n" + content + b"\r\n"
    return body + f"--{BOUNDARY}--\r\n".encode()


def items(answer, sequence):
    return answer.json().get(sequence, {}).get("Value", [])


def values(answer, sequence, tag):
    return [item[tag]["Value"][0] for item in items(answer, sequence)]


def rss_mib(process):
    for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024


def metadata(study, number, **more):
    """A data set in the DICOM JSON model."""
    def element(vr, *value):
        return {"vr": vr, "Value": list(value)}
    return {"00080016": element("UI", dicom_data.SOP_CLASSES["OT"]),
            "00080018": element("UI", dicom_data.sop_instance_uid(study, 1, number)),
            "00080060": element("CS", "OT"), "00100010": element("PN", {"Alphabetic": "Jürgens^Ä"}),
            "00100020": element("LO", "P7"), "0020000D": element("UI", dicom_data.study_uid(study)),
            "0020000E": element("UI", dicom_data.series_uid(study, 1)), "00200013": element("IS", number), **more}


class StowTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.server = Server(cls.folder.name, "--dimse", "off", "--body-timeout-ms", "2000",
                            "--stow-bytes-max", "500000000")
        cls.next_study = 100

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__()
        cls.folder.cleanup()

    def setUp(self):
        StowTest.next_study += 1
        self.study = StowTest.next_study
        self.url = "/dicomweb/studies"

    def store(self, body, content_type=DICOM, url=None, **headers):
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.server.request("POST", url or self.url, body, {"Content-Type": content_type, **headers})

    def files(self, folder=None):
        root = Path(folder or self.folder.name) / "dicom"
        return [path for path in root.rglob("*.dcm") if "quarantine" not in path.parts]

    def in_archive(self, study):
        return [path for path in self.files() if dicom_data.study_uid(study) in path.parts]

    def assert_incoming_is_empty(self, folder=None):
        incoming = Path(folder or self.folder.name) / "dicom" / "incoming"
        ends = time.monotonic() + 10
        while any(incoming.iterdir()) and time.monotonic() < ends:
            time.sleep(0.02)
        self.assertEqual(list(incoming.iterdir()), [])

    def assert_outcome(self, answer, status, text):
        self.assertEqual(answer.status, status, answer)
        self.assertEqual(answer.json()["resourceType"], "OperationOutcome")
        self.assertIn(text, answer.json()["issue"][0]["diagnostics"])

    # --- what is sent ------------------------------------------------------------------------------

    def test_one_and_many(self):
        objects = dicom_data.study(self.study, series=2, instances=100)
        for sent in (objects[:1], objects):
            answer = self.store(multipart(*sent))
            self.assertEqual(answer.status, 200, answer)
            self.assertEqual(answer.headers["Content-Type"], "application/dicom+json")
            self.assertEqual(len(items(answer, STORED)), len(sent))
        uid = dicom_data.study_uid(self.study)
        base = f"http://127.0.0.1:{self.server.port}/dicomweb/studies/{uid}"
        self.assertEqual(answer.json()["00081190"]["Value"], [base])
        first = items(answer, STORED)[0]
        self.assertEqual(first["00081155"]["Value"], [dicom_data.sop_instance_uid(self.study, 1, 1)])
        self.assertEqual(first["00081190"]["Value"], [
            f"{base}/series/{dicom_data.series_uid(self.study, 1)}/instances/"
            f"{dicom_data.sop_instance_uid(self.study, 1, 1)}"])
        files = self.in_archive(self.study)
        self.assertEqual(len(files), 200)
        self.assertEqual(sorted(path.read_bytes() for path in files), sorted(objects))
        self.assert_incoming_is_empty()

    def test_a_study_is_found_by_fhir(self):
        self.assertEqual(self.store(multipart(*dicom_data.study(self.study))).status, 200)
        path = f"ImagingStudy?identifier=urn:oid:{dicom_data.study_uid(self.study)}"
        ends = time.monotonic() + 20
        while time.monotonic() < ends and not self.server.search(path):
            time.sleep(0.05)
        self.assertEqual(len(self.server.search(path)), 1)

    def test_one_object_as_the_body(self):
        answer = self.store(dicom_data.instance(self.study), "application/dicom")
        self.assertEqual((answer.status, len(items(answer, STORED))), (200, 1), answer)

    def test_a_browsers_form(self):
        body = b"".join(
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="files"; filename="{number}.dcm"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n".encode() + dicom_data.instance(self.study, 1, number)
            + b"\r\n" for number in (1, 2))
        body += f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="note"\r\n\r\nhello\r\n--{BOUNDARY}--'.encode()
        answer = self.store(body, f"multipart/form-data; boundary={BOUNDARY}")
        self.assertEqual((answer.status, len(items(answer, STORED))), (200, 2), answer)

    @unittest.skipUnless(shutil.which("curl"), "curl is missing")
    def test_curl(self):
        with tempfile.TemporaryDirectory() as folder:
            for number in (1, 2, 3):
                (Path(folder) / f"{number}.dcm").write_bytes(dicom_data.instance(self.study, 1, number))
            files = [flag for number in (1, 2, 3) for flag in ("-F", f"file=@{folder}/{number}.dcm")]
            done = subprocess.run(["curl", "-sS", *files, f"http://127.0.0.1:{self.server.port}{self.url}"],
                                  capture_output=True, text=True, check=True)
            self.assertEqual(len(json.loads(done.stdout)[STORED]["Value"]), 3)

    def test_chunked_and_compressed(self):
        body = multipart(*dicom_data.study(self.study, series=1, instances=30))
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
        for encoded, more in ((body, {}), (gzip.compress(body), {"Content-Encoding": "gzip"})):
            pieces = (encoded[at:at + 1000] for at in range(0, len(encoded), 1000))
            connection.request("POST", self.url, pieces, {"Content-Type": DICOM, **more}, encode_chunked=True)
            answer = connection.getresponse()
            self.assertEqual(answer.status, 200)
            self.assertEqual(len(json.loads(answer.read())[STORED]["Value"]), 30)
        connection.close()

    def test_answers_in_xml(self):
        answer = self.store(multipart(dicom_data.instance(self.study)), Accept="application/dicom+xml")
        self.assertEqual(answer.headers["Content-Type"], "application/dicom+xml")
        names = [a.get("keyword") for a in ElementTree.fromstring(answer.body)]
        self.assertEqual(names, ["RetrieveURL", "ReferencedSOPSequence"])

    # --- what is refused ---------------------------------------------------------------------------

    def test_what_the_head_refuses(self):
        body = multipart(dicom_data.instance(self.study))
        self.assert_outcome(self.store(body, Accept="image/png"), 406, "application/dicom+json")
        self.assert_outcome(self.store(body, "image/png"), 415, "multipart/related")
        self.assert_outcome(self.store(body, 'multipart/related; type="application/dicom"'), 400, "boundary")
        self.assert_outcome(self.store(body, url="/dicomweb/studies/x"), 400, "UID")
        self.assert_outcome(self.server.request("POST", "/dicomweb/nothing", body, {}), 404, "nothing at")
        self.assert_outcome(self.server.request("PUT", self.url, body, {}), 405, "POST")
        self.assert_outcome(self.store(body, Host="evil.example"), 421, "evil.example")
        self.assert_outcome(self.store(body, Origin="http://evil.example"), 403, "evil.example")

    def test_what_is_too_large_is_refused_before_it_comes(self):
        with socket.create_connection(("127.0.0.1", self.server.port), timeout=20) as connection:
            connection.sendall(f"POST {self.url} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {DICOM}\r\n"
                               "Expect: 100-continue\r\nContent-Length: 500000001\r\n\r\n".encode())
            self.assertIn(b" 413 ", connection.recv(4096))

    def test_broken_bodies(self):
        whole = multipart(*dicom_data.study(self.study, series=1, instances=3))
        self.assert_outcome(self.store(b"hello"), 400, f"no delimiter '--{BOUNDARY}'")
        self.assert_outcome(self.store(f"--{BOUNDARY}--".encode()), 400, "no parts")
        self.assert_outcome(self.store(b"", "application/dicom"), 400, "no body")
        self.assert_outcome(self.store(whole[:-200]), 400, "ends before its last delimiter")
        # The two that were whole are stored, the third is not.
        self.assertEqual(len(self.in_archive(self.study)), 2)
        self.assert_incoming_is_empty()

    def test_some_fail(self):
        good = dicom_data.instance(self.study, 1, 1)
        other = dicom_data.instance(self.study, 1, 1, PatientName="Other^Name")
        answer = self.store(multipart(good, other, b"not DICOM at all", ("image/jpeg", b"\xff\xd8")))
        self.assertEqual(answer.status, 202, answer)
        self.assertEqual(len(items(answer, STORED)), 1)
        self.assertEqual(values(answer, FAILED, "00081197"), [0x0111])
        self.assertEqual(values(answer, OTHER, "00081197"), [0xC000, 0xC002])
        self.assertEqual(self.store(multipart(other)).status, 409)
        listed = self.server.get("/dicomweb/problems").json()["problems"]
        kinds = {problem["kind"] for problem in listed}
        self.assertLessEqual({"quarantined", "conflict"}, kinds)
        conflict = next(p for p in listed if p.get("study") == dicom_data.study_uid(self.study))
        self.assertIn("already with other content", conflict["diagnostics"])
        path = f"/dicomweb/problems/{conflict['id']}"
        self.assertEqual(self.server.get(path).json(), conflict)
        self.assertEqual(self.server.request("DELETE", path).status, 204)
        self.assertEqual(self.server.get(path).status, 404)
        page = self.server.get("/dicomweb/problems?limit=1").json()
        self.assertEqual(len(page["problems"]), 1)
        self.assert_outcome(self.server.get("/dicomweb/problems?limit=0"), 400, "limit is '0'")

    def test_a_study_of_the_url(self):
        uid = dicom_data.study_uid(self.study)
        url = f"{self.url}/{uid}"
        right, wrong = dicom_data.instance(self.study), dicom_data.instance(self.study + 1000)
        answer = self.store(multipart(right, wrong), url=url)
        self.assertEqual(answer.status, 202, answer)
        self.assertEqual(values(answer, FAILED, "00081197"), [0xC409])
        self.assertEqual(self.store(multipart(wrong), url=url).status, 409)
        self.assertEqual(self.in_archive(self.study + 1000), [])

    # --- metadata and bulk data --------------------------------------------------------------------

    def test_json_metadata_with_bulk_data(self):
        pixels = os.urandom(5_000_001)
        sets = [metadata(self.study, 1, **{"7FE00010": {"vr": "OW", "BulkDataURI": "pixels/1"},
                                           "00280010": {"vr": "US", "Value": [10]}}),
                metadata(self.study, 2, **{"7FE00010": {"vr": "OB", "BulkDataURI": "pixels/2"}}),
                metadata(self.study, 3, **{"7FE00010": {"vr": "OB", "BulkDataURI": "pixels/none"}})]
        answer = self.store(multipart(
            ("application/dicom+json", json.dumps(sets).encode()),
            ("application/octet-stream", "pixels/1", pixels[:-1]),
            ("image/jpeg; transfer-syntax=1.2.840.10008.1.2.4.50", "pixels/2", b"\xff\xd8jpeg!\xff\xd9"),
            ("application/octet-stream", "pixels/unused", b"abcd")), JSON)
        self.assertEqual(answer.status, 202, answer)
        self.assertEqual(len(items(answer, STORED)), 2)
        self.assertEqual(values(answer, FAILED, "00081197"), [0xC001])
        self.assertEqual(values(answer, OTHER, "00081197"), [0xC002])
        native, compressed = sorted(self.in_archive(self.study), key=lambda path: -path.stat().st_size)
        self.assertTrue(native.read_bytes().endswith(pixels[:-1]))
        self.assertIn("Jürgens^Ä".encode(), native.read_bytes())
        self.assertIn(b"ISO_IR 192", native.read_bytes())
        self.assertIn(b"1.2.840.10008.1.2.4.50", compressed.read_bytes()[:500])
        self.assertTrue(compressed.read_bytes().endswith(
            dicom_data.encapsulated([b"\xff\xd8jpeg!\xff\xd9"])))

    def test_xml_metadata(self):
        def attribute(tag, vr, value):
            return f'<DicomAttribute tag="{tag}" vr="{vr}"><Value number="1">{value}</Value></DicomAttribute>'
        xml = ("<NativeDicomModel>" + attribute("00080016", "UI", dicom_data.SOP_CLASSES["OT"])
               + attribute("00080018", "UI", dicom_data.sop_instance_uid(self.study, 1, 1))
               + attribute("0020000D", "UI", dicom_data.study_uid(self.study))
               + attribute("0020000E", "UI", dicom_data.series_uid(self.study, 1))
               + '<DicomAttribute tag="7FE00010" vr="OB"><BulkData uri="x"/></DicomAttribute></NativeDicomModel>')
        answer = self.store(multipart(("application/dicom+xml", xml.encode()),
                                      ("application/octet-stream", "x", b"12345678")), XML)
        self.assertEqual(answer.status, 200, answer)
        self.assertTrue(self.in_archive(self.study)[0].read_bytes().endswith(b"12345678"))

    def test_broken_metadata(self):
        for kind, text, expected in (("json", b"[{]", "JSON"), ("json", b"[]", "no metadata"),
                                     ("xml", b"<a/>", "NativeDicomModel"),
                                     ("xml", b"<!DOCTYPE a><NativeDicomModel/>", "DOCTYPE")):
            with self.subTest(text=text):
                self.assert_outcome(self.store(multipart((f"application/dicom+{kind}", text)), JSON), 400, expected)
        self.assert_outcome(self.store(multipart(("application/octet-stream", b"x")), JSON), 400, "Content-Location")

    # --- other senders -----------------------------------------------------------------------------

    @unittest.skipUnless(shutil.which("Orthanc"), "orthanc is missing")
    def test_orthanc_sends(self):
        config = {"DicomWeb": {"Enable": True, "StowMaxInstances": 4, "Servers": {
            "lightbox": [f"http://127.0.0.1:{self.server.port}/dicomweb/"]}}}
        with tempfile.TemporaryDirectory() as folder, orthanc_archive.Orthanc(folder, config=config) as orthanc:
            orthanc.store(dicom_data.study(self.study, series=2, instances=5))
            studies = json.loads(orthanc.ask("GET", "/studies"))
            orthanc.ask("POST", "/dicom-web/servers/lightbox/stow",
                        json.dumps({"Resources": studies, "Synchronous": True}).encode())
            self.assertEqual(len(self.in_archive(self.study)), 10)

    # --- deleting ----------------------------------------------------------------------------------

    def test_delete(self):
        self.store(multipart(*dicom_data.study(self.study, series=2, instances=3)))
        study = f"{self.url}/{dicom_data.study_uid(self.study)}"
        series = f"{study}/series/{dicom_data.series_uid(self.study, 1)}"
        instance = f"{series}/instances/{dicom_data.sop_instance_uid(self.study, 1, 1)}"
        for path, left in ((instance, 5), (series, 3), (study, 0)):
            self.assertEqual(self.server.request("DELETE", path).status, 204)
            self.assertEqual(len(self.in_archive(self.study)), left)
            self.assertEqual(self.server.request("DELETE", path).status, 404)
        self.assert_outcome(self.server.request("DELETE", f"{self.url}/..x"), 400, "UID")

    # --- what is cut off, slow or large ------------------------------------------------------------

    def start(self, server, length):
        connection = socket.create_connection(("127.0.0.1", server.port), timeout=30)
        connection.sendall(f"POST {self.url} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {DICOM}\r\n"
                           f"Content-Length: {length}\r\n\r\n".encode())
        return connection

    def test_a_client_that_goes_away(self):
        body = multipart(dicom_data.instance(self.study, 1, 1), dicom_data.instance(
            self.study, 1, 2, rows=2048, columns=2048, pixels=bytes(8_388_608)))
        with self.start(self.server, len(body)) as connection:
            connection.sendall(body[:-4_000_000])
        ends = time.monotonic() + 10
        while time.monotonic() < ends and len(self.in_archive(self.study)) < 1:
            time.sleep(0.02)
        self.assertEqual(len(self.in_archive(self.study)), 1)
        self.assert_incoming_is_empty()

    def test_a_slow_client(self):
        body = multipart(dicom_data.instance(self.study))
        with self.start(self.server, len(body)) as connection:
            for at in range(0, len(body), 100):
                connection.sendall(body[at:at + 100])
                time.sleep(0.02)
            self.assertIn(b" 200 ", connection.recv(65536)[:20])
        with self.start(self.server, len(body)) as connection:
            connection.sendall(body[:500])
            self.assertIn(b" 408 ", connection.recv(65536)[:20])

    def test_killed_in_the_middle(self):
        with tempfile.TemporaryDirectory() as folder:
            server = Server(folder, "--dimse", "off")
            done = dicom_data.study(self.study, series=1, instances=3)
            self.assertEqual(server.request("POST", self.url, multipart(*done), {"Content-Type": DICOM}).status, 200)
            body = multipart(dicom_data.instance(self.study, 2, 1, rows=2048, columns=2048, pixels=bytes(8_388_608)))
            with self.start(server, len(body)) as connection:
                connection.sendall(body[:-1000])
                ends = time.monotonic() + 10
                incoming = Path(folder) / "dicom" / "incoming"
                while time.monotonic() < ends and not any(p.stat().st_size > 7_000_000 for p in incoming.iterdir()):
                    time.sleep(0.02)
                self.assertTrue(list(incoming.iterdir()))
                server.kill()
            with Server(folder, "--dimse", "off") as server:
                self.assert_incoming_is_empty(folder)
                self.assertEqual(sorted(path.read_bytes() for path in self.files(folder)), sorted(done))
                answer = server.request("POST", self.url, body, {"Content-Type": DICOM})
                self.assertEqual(answer.status, 200, answer)

    def test_a_large_upload_needs_little_memory(self):
        pixels = bytes(100 << 20)
        large = [dicom_data.instance(self.study, 1, number, pixels=pixels) for number in (1, 2, 3)]
        before = rss_mib(self.server.process)
        answer = self.store(multipart(*large))
        self.assertEqual(answer.status, 200, answer)
        self.assertLess(rss_mib(self.server.process) - before, 64)
        many = [dicom_data.instance(self.study, 2, number, pixels=bytes(500_000)) for number in range(200)]
        answer = self.store(multipart(*many))
        self.assertEqual(answer.status, 200, answer)
        self.assertLess(rss_mib(self.server.process) - before, 128)


if __name__ == "__main__":
    unittest.main()

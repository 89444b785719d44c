"""The study browser in a real browser: Debian's Chromium, headless, against a running server with the demo studies.

What is done is in page.mjs, one scenario for each test here. LIGHTBOX_SCREENSHOTS=DIR keeps a picture of each.
"""

import os
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

import dicom_data
from lightbox import ROOT, Server, run

CHROMIUM = "/usr/bin/chromium"
SAMPLES = ROOT.parent / "shared" / "samples" / "dicom"
SCENARIO_TIMEOUT_S = 300
# Debian's own, which has Debian's numpy.
PYTHON = "/usr/bin/python3"


class PageTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        folder = Path(cls.folder.name)
        made = subprocess.run([PYTHON, str(ROOT / "demo" / "studies.py"), str(folder / "objects")],
                              capture_output=True, text=True, timeout=300)
        if made.returncode != 0:
            raise AssertionError(made.stderr)
        for command in (("load", *sorted((ROOT / "demo").glob("*.ndjson"))), ("import", folder / "objects")):
            code, output = run(command[0], "--data", folder / "data", *command[1:])
            if code != 0:
                raise AssertionError(output)
        cls.server = Server(folder / "data", "--viewer-url", "http://127.0.0.1:1/viewer?study={study}",
                            "--projection-quiet-ms", "200")
        cls.uploads = folder / "uploads"
        (cls.uploads / "disk" / "series").mkdir(parents=True)
        for number in range(1, 4):
            (cls.uploads / "disk" / "series" / f"{number}.dcm").write_bytes(
                dicom_data.instance(study=501, number=number, PatientName="Upload^Ursula", patient="UP-1",
                                    StudyDescription="Uploaded by a page"))
        (cls.uploads / "disk" / "broken.dcm").write_bytes(b"\0" * 128 + b"DICM and then nothing")
        (cls.uploads / "disk" / "README.txt").write_text("not DICOM")

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__()
        cls.folder.cleanup()

    def play(self, scenario):
        done = subprocess.run(
            ["node", str(ROOT / "tests" / "page.mjs"), scenario, f"http://127.0.0.1:{self.server.port}"],
            cwd=ROOT, capture_output=True, text=True, timeout=SCENARIO_TIMEOUT_S,
            env={**os.environ, "CHROMIUM": CHROMIUM, "UPLOADS": str(self.uploads)})
        self.assertEqual(done.returncode, 0, f"{done.stdout}{done.stderr}")

    # The files.

    def test_files_have_types_validators_and_a_policy(self):
        page = self.server.get("/")
        self.assertEqual((page.status, page.headers["Content-Type"]), (200, "text/html; charset=utf-8"))
        self.assertIn("default-src 'none'", page.headers["Content-Security-Policy"])
        self.assertNotIn("unsafe-inline", page.headers["Content-Security-Policy"])
        self.assertNotIn("'unsafe-eval'", page.headers["Content-Security-Policy"])
        self.assertEqual(page.headers["X-Content-Type-Options"], "nosniff")
        self.assertEqual(page.headers["Cache-Control"], "no-cache")
        again = self.server.get("/", **{"If-None-Match": page.headers["ETag"]})
        self.assertEqual((again.status, again.body), (304, b""))
        script = page.body.decode().split('src="')[1].split('"')[0]
        plain, packed = self.server.get(script), self.server.get(script, **{"Accept-Encoding": "br, gzip"})
        self.assertEqual(plain.headers["Content-Type"], "text/javascript; charset=utf-8")
        self.assertIn("immutable", plain.headers["Cache-Control"])
        self.assertNotIn("Content-Encoding", plain.headers)
        self.assertEqual(packed.headers["Content-Encoding"], "gzip")
        self.assertEqual(plain.body, packed.body)  # which the client here has unpacked
        head = self.server.request("HEAD", script, headers={"Accept-Encoding": "gzip"})
        self.assertEqual((head.status, head.body), (200, b""))
        self.assertEqual(head.headers["Content-Length"], packed.headers["Content-Length"])

    def test_other_methods_names_and_hosts_are_refused(self):
        self.assertEqual(self.server.request("POST", "/", "x").status, 405)
        self.assertEqual(self.server.get("/assets/none.js").status, 404)
        self.assertEqual(self.server.get("/viewer").status, 404)
        self.assertEqual(self.server.get("/index.html").status, 404)
        self.assertEqual(self.server.get("/", Host="evil.example").status, 421)

    def test_what_the_page_loads_first_is_small(self):
        page = self.server.get("/").body.decode()
        names = [part.split('"')[0] for part in page.split('"/assets/')[1:]]
        sizes = [int(self.server.request("HEAD", f"/assets/{name}", headers={"Accept-Encoding": "gzip"})
                     .headers["Content-Length"]) for name in names]
        self.assertGreaterEqual(len(sizes), 2)
        self.assertLess(sum(sizes), 80_000)

    # The list.

    def test_first_page(self):
        self.play("first")

    def test_search(self):
        self.play("search")

    def test_filters(self):
        self.play("filters")

    def test_sort(self):
        self.play("sort")

    def test_paging(self):
        self.play("paging")

    def test_keys(self):
        self.play("keys")

    def test_failures_are_told(self):
        self.play("failure")

    # One study.

    def test_pictures(self):
        self.play("pictures")

    def test_pictures_by_webgl(self):
        self.play("webgl")

    def test_every_modality(self):
        self.play("modalities")

    def test_touch(self):
        self.play("touch")

    def test_documents(self):
        self.play("documents")

    def test_resource_history_and_mapping(self):
        study = self.server.search("ImagingStudy?description:contains=head")[0]
        read = self.server.get(f"ImagingStudy/{study}").json()
        read["note"] = [{"text": "Seen by a test"}]
        self.assertEqual(self.server.request("PUT", f"ImagingStudy/{study}", read).status, 200)
        self.play("resource")

    def test_timeline(self):
        self.play("timeline")

    def test_open_in_ohif(self):
        self.play("ohif")

    # The rest.

    def test_upload(self):
        self.play("upload")
        self.assertEqual(len(self.server.search("ImagingStudy?patient.name=Upload")), 1)
        # A file that was refused is in the list of problems, from where it is dismissed.
        self.play("problems")
        ends = time.monotonic() + 10
        while self.server.get("/dicomweb/problems").json()["problems"] and time.monotonic() < ends:
            time.sleep(0.1)
        self.assertEqual(self.server.get("/dicomweb/problems").json()["problems"], [])

    def test_system(self):
        self.play("system")

    def test_dark(self):
        self.play("dark")

    def test_phone(self):
        self.play("phone")

    def test_accessible(self):
        self.play("accessible")

    def test_empty(self):
        with tempfile.TemporaryDirectory() as folder, Server(folder) as server:
            done = subprocess.run(["node", str(ROOT / "tests" / "page.mjs"), "empty", f"http://127.0.0.1:{server.port}"],
                                  cwd=ROOT, capture_output=True, text=True, timeout=SCENARIO_TIMEOUT_S,
                                  env={**os.environ, "CHROMIUM": CHROMIUM})
            self.assertEqual(done.returncode, 0, f"{done.stdout}{done.stderr}")


class ViewerFilesTest(unittest.TestCase):
    """A folder of a viewer's files, as OHIF's package has them."""

    def test_they_are_served_beside_the_page(self):
        with tempfile.TemporaryDirectory() as folder:
            files = Path(folder) / "ohif"
            files.mkdir()
            (files / "index.html").write_text("<html>viewer</html>")
            (files / "app.bundle.js").write_text("run()" * 1000)
            (Path(folder) / "secret").write_text("secret")
            with Server(Path(folder) / "data", "--ohif", files) as server:
                self.assertEqual(server.get("/page.json").json(), {"viewer": "/viewer?StudyInstanceUIDs={study}"})
                for path in ("/viewer?StudyInstanceUIDs=1.2", "/viewer/dicomweb"):
                    answer = server.get(path)
                    self.assertEqual((answer.status, answer.body), (200, b"<html>viewer</html>"))
                script = server.get("/app.bundle.js", **{"Accept-Encoding": "gzip"})
                self.assertEqual((script.status, script.headers["Content-Encoding"]), (200, "gzip"))
                self.assertEqual(server.get("/app.bundle.js", **{"If-None-Match": script.headers["ETag"]}).status, 304)
                self.assertIn(b"/dicomweb", server.get("/app-config.js").body)
                self.assertIn(b"<title>Lightbox</title>", server.get("/").body)
                for path in ("/../secret", "/%2e%2e/secret", "/viewer/../../secret"):
                    self.assertNotIn(b"secret", server.get(path).body.replace(b"/secret", b""), path)

    def test_a_folder_without_them_is_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            code, output = run("serve", "--data", Path(folder) / "data", "--ohif", folder, "--listen", "127.0.0.1:0",
                               "--dimse", "off")
            self.assertEqual(code, 1)
            self.assertIn("index.html", output)

    def test_a_viewer_url_needs_a_place_for_the_study(self):
        for url in ("https://viewer.example.org/", "viewer?study={study}"):
            code, output = run("serve", "--viewer-url", url, "--print-config")
            self.assertEqual(code, 2)
            self.assertIn("viewer_url", output)


@unittest.skipUnless(SAMPLES.is_dir(), "no samples beside the project")
class SamplesPageTest(unittest.TestCase):
    def test_objects_of_many_makers_are_shown_or_it_is_said_why_not(self):
        with tempfile.TemporaryDirectory() as folder:
            code, output = run("import", "--data", Path(folder) / "data", SAMPLES)
            self.assertIn(code, (0, 2), output)
            with Server(Path(folder) / "data") as server:
                done = subprocess.run(
                    ["node", str(ROOT / "tests" / "page.mjs"), "samples", f"http://127.0.0.1:{server.port}"], cwd=ROOT,
                    capture_output=True, text=True, timeout=SCENARIO_TIMEOUT_S, env={**os.environ, "CHROMIUM": CHROMIUM})
            self.assertEqual(done.returncode, 0, f"{done.stdout}{done.stderr}")
            print(f"page: of the samples {done.stdout.strip()}")


if __name__ == "__main__":
    unittest.main()

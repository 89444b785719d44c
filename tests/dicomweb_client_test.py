"""DICOMweb clients of others against a running server: the npm package dicomweb-client in Chromium (dicomweb_client.mjs),
and Orthanc.
"""

import json
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

import dicom_data
import orthanc_archive
from lightbox import ROOT, Server

CHROMIUM = "/usr/bin/chromium"


class DicomwebClientTest(unittest.TestCase):
    def test_it_stores_finds_and_retrieves(self):
        with tempfile.TemporaryDirectory() as folder:
            files = []
            for number in range(1, 4):
                file = Path(folder) / f"{number}.dcm"
                file.write_bytes(dicom_data.instance(study=77, number=number, patient="DWC-1"))
                files.append(str(file))
            with Server(Path(folder) / "data") as server:
                done = subprocess.run(
                    ["node", str(ROOT / "tests" / "dicomweb_client.mjs"), f"http://127.0.0.1:{server.port}", *files],
                    cwd=ROOT, capture_output=True, text=True, timeout=120, env={**os.environ, "CHROMIUM": CHROMIUM})
        self.assertEqual(done.returncode, 0, f"{done.stdout}{done.stderr}")
        self.assertIn("3 instances stored", done.stdout)

    @unittest.skipUnless(orthanc_archive.is_there(), "orthanc or its DICOMweb plugin is missing")
    def test_orthanc_finds_and_retrieves(self):
        objects = list(dicom_data.study(78, series=2, instances=3))
        with tempfile.TemporaryDirectory() as folder, Server(Path(folder) / "data") as server:
            for content in objects:
                server.request("POST", "/dicomweb/studies", content, {"Content-Type": "application/dicom"})
            config = {"DicomWeb": {"Enable": True, "Root": "/dicom-web/",
                                   "Servers": {"lightbox": [f"http://127.0.0.1:{server.port}/dicomweb/"]}}}
            with orthanc_archive.Orthanc(Path(folder) / "orthanc", config=config) as orthanc:
                def ask(what, **body):
                    return json.loads(orthanc.ask("POST", f"/dicom-web/servers/lightbox/{what}", json.dumps(body).encode()))

                found = ask("get", Uri="/studies", Arguments={"StudyInstanceUID": dicom_data.study_uid(78)})
                self.assertEqual([one["0020000D"]["Value"] for one in found], [[dicom_data.study_uid(78)]])
                ask("retrieve", Resources=[{"Study": dicom_data.study_uid(78)}])
                ids = json.loads(orthanc.ask("GET", "/instances"))
                retrieved = [orthanc.ask("GET", f"/instances/{one}/file") for one in ids]
        self.assertEqual(sorted(retrieved), sorted(objects))


if __name__ == "__main__":
    unittest.main()

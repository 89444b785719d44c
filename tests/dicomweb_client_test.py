"""The npm package dicomweb-client in Chromium against a running server (dicomweb_client.mjs)."""

import os
import subprocess
import tempfile
import unittest
from pathlib import Path

import dicom_data
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


if __name__ == "__main__":
    unittest.main()

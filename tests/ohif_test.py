"""OHIF's published viewer in Debian's Chromium, headless, against a running server with the demo studies: `./dev ohif`
fetches it into build/ohif. What is done is in ohif.mjs; LIGHTBOX_SCREENSHOTS=DIR keeps a picture of each study.
"""

import os
import subprocess
import tempfile
import unittest
from pathlib import Path

from lightbox import ROOT, Server, run

OHIF = ROOT / "build" / "ohif"
SAMPLES = ROOT.parent / "shared" / "samples" / "dicom"
TIMEOUT_S = 600


@unittest.skipUnless(OHIF.is_dir(), "build/ohif is missing: ./dev ohif fetches it")
class OhifTest(unittest.TestCase):
    def test_opens_each_kind_of_study(self):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(["/usr/bin/python3", str(ROOT / "demo" / "studies.py"), f"{folder}/objects"], check=True,
                           capture_output=True, timeout=300)
            code, output = run("import", "--data", Path(folder) / "data", f"{folder}/objects")
            self.assertEqual(code, 0, output)
            with Server(Path(folder) / "data", "--ohif", OHIF) as server:
                self.drive(server, "CT", "MR", "US", "MG", "CR", "PT", "SEG", "SR")

    @unittest.skipUnless(SAMPLES.is_dir(), "no samples beside the project")
    def test_opens_the_samples_that_have_pictures(self):
        with tempfile.TemporaryDirectory() as folder:
            code, output = run("import", "--data", Path(folder) / "data", SAMPLES)
            self.assertIn(code, (0, 2), output)
            with Server(Path(folder) / "data", "--ohif", OHIF) as server:
                uids = [self.first_with_a_picture(server, modality) for modality in ("CT", "MR", "US", "MG", "CR", "PT")]
                self.drive(server, *uids)
                print(f"ohif: {len(uids)} of the samples' studies are drawn")

    def first_with_a_picture(self, server, modality):
        studies = server.request("GET", f"/dicomweb/studies?ModalitiesInStudy={modality}",
                                 headers={"Accept": "application/dicom+json"}).json()
        for study in studies:
            uid = study["0020000D"]["Value"][0]
            if (study["00080061"]["Value"] == [modality]
                    and server.request("GET", f"/dicomweb/studies/{uid}/thumbnail").status == 200):
                return uid
        raise AssertionError(f"no picture of {modality} among {len(studies)} studies")

    def drive(self, server, *wanted):
        done = subprocess.run(
            ["node", str(ROOT / "tests" / "ohif.mjs"), f"http://127.0.0.1:{server.port}", *wanted],
            cwd=ROOT, capture_output=True, text=True, timeout=TIMEOUT_S,
            env={**os.environ, "CHROMIUM": "/usr/bin/chromium"})
        self.assertEqual(done.returncode, 0, f"{done.stdout}{done.stderr}")


if __name__ == "__main__":
    unittest.main()

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
                done = subprocess.run(
                    ["node", str(ROOT / "tests" / "ohif.mjs"), f"http://127.0.0.1:{server.port}",
                     "CT", "MR", "US", "MG", "CR", "PT", "SEG", "SR"],
                    cwd=ROOT, capture_output=True, text=True, timeout=TIMEOUT_S,
                    env={**os.environ, "CHROMIUM": "/usr/bin/chromium"})
                self.assertEqual(done.returncode, 0, f"{done.stdout}{done.stderr}")


if __name__ == "__main__":
    unittest.main()

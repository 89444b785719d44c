"""What the benchmark measures with: an index that is made of another one, many times as large, is one that a server serves."""

import sys
import tempfile
import unittest
from pathlib import Path

from lightbox import ROOT, Server, run

sys.path.insert(0, str(ROOT / "bench"))
import generate_studies  # noqa: E402


class MultiplyTest(unittest.TestCase):
    def test_three_times_as_many(self):
        with tempfile.TemporaryDirectory() as folder:
            folder = Path(folder)
            generate_studies.studies(folder / "files", 20)
            self.assertEqual(run("import", "--data", folder / "data", folder / "files")[0], 0)
            generate_studies.multiply(folder / "data" / "lightbox.db", 3)
            with Server(folder / "data") as server:
                for path, expected in (("studies", 60), ("series", 120), ("studies?AccessionNumber=ACC00000007", 1),
                                       ("studies?AccessionNumber=A1C00000007", 1)):
                    self.assertEqual(len(server.get(f"/dicomweb/{path}").json()), expected, path)


if __name__ == "__main__":
    unittest.main()

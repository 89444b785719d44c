"""A full disk: writes are refused with an OperationOutcome, reads go on, and it heals when there is room.

The disk is a small tmpfs where the test may mount one (as root), else a limit on the size of files.
"""

import contextlib
import os
import resource
import signal
import subprocess
import tempfile
import unittest
from pathlib import Path

from lightbox import Server, study


def limit_file_size():
    # With SIGXFSZ ignored, a write past the limit fails with EFBIG.
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (6 << 20, resource.RLIM_INFINITY))


class DiskFullTest(unittest.TestCase):
    def fill(self, server, written=()):
        """Writes until one is refused: (the ids that were acknowledged, the refusal)."""
        written = list(written)
        with contextlib.closing(server.connect()) as connection:
            for n in range(len(written), 20_000):
                # Text that does not compress.
                body = study(id=f"s{n}", description=os.urandom(8000).hex())
                answer = connection.request("PUT", f"ImagingStudy/s{n}", body)
                if answer.status != 201:
                    return written, answer
                written.append(f"s{n}")
        raise AssertionError("the disk did not fill up")

    def check_refusal(self, server, written, refusal):
        self.assertIn(refusal.status, (503, 507), refusal)
        outcome = refusal.json()
        self.assertEqual(outcome["resourceType"], "OperationOutcome")
        self.assertIn(outcome["issue"][0]["severity"], ("error", "fatal"))
        self.assertGreater(len(written), 10)
        # Reads and searches go on, and nothing is half done.
        self.assertEqual(server.get(f"ImagingStudy/{written[-1]}").status, 200)
        self.assertEqual(server.get(f"ImagingStudy/s{len(written)}").status, 404)
        self.assertEqual(server.get("ImagingStudy?_summary=count").json()["total"], len(written))

    @unittest.skipUnless(os.geteuid() == 0, "mounting a small disk needs root")
    def test_a_full_disk_heals_when_there_is_room(self):
        with tempfile.TemporaryDirectory() as folder:
            if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", folder],
                              capture_output=True).returncode != 0:
                self.skipTest("no tmpfs may be mounted here")
            try:
                self.heal_on(Path(folder))
            finally:
                subprocess.run(["umount", folder], check=True)

    def heal_on(self, folder):
        ballast = folder / "ballast"
        ballast.write_bytes(b"x" * (4 << 20))
        with Server(folder / "data") as server:
            written, refusal = self.fill(server)
            self.check_refusal(server, written, refusal)
        # It starts without room, too.
        with Server(folder / "data") as server:
            written, refusal = self.fill(server, written)
            self.check_refusal(server, written, refusal)
            ballast.unlink()
            answer = server.request("PUT", "ImagingStudy/after", study(id="after"))
            self.assertEqual(answer.status, 201, answer)
            self.assertEqual(server.get("ImagingStudy?_summary=count").json()["total"], len(written) + 1)
        with Server(folder / "data") as again:
            self.assertEqual(again.get("ImagingStudy?_summary=count").json()["total"], len(written) + 1)

    def test_files_that_may_not_grow(self):
        with tempfile.TemporaryDirectory() as folder:
            with Server(folder, preexec=limit_file_size) as server:
                written, refusal = self.fill(server)
                self.check_refusal(server, written, refusal)
            with Server(folder) as again:
                self.assertEqual(again.get("ImagingStudy?_summary=count").json()["total"], len(written))
                self.assertEqual(again.request("PUT", "ImagingStudy/after", study(id="after")).status, 201)


if __name__ == "__main__":
    unittest.main()

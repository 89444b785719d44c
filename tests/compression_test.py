"""Objects that are kept compressed, through the front door: what comes in is what zstd gives back, and what is read."""

import http.client
import shutil
import struct
import subprocess
import time
import unittest

import dicom_data as dicom
import dimse_peer as peer
from import_test import ImportCase, summary
from lightbox import Server, run
from retrieve_test import DICOM, contents

ZSTD = ("--compress", "zstd")


def smooth(rows, columns):
    """Pixels as of a real image: neighbours are alike."""
    return b"".join(struct.pack("<H", (x * x + y * 3) // 50 & 0x0FFF) for y in range(rows) for x in range(columns))


def image(number, **more):
    return dicom.instance(1, 1, number, rows=512, columns=512, pixels=smooth(512, 512), **more)


class CompressionTest(ImportCase):
    def compressed(self):
        return sorted((self.data / "dicom").rglob("*.dcm.zst"))

    def plain(self):
        return sorted((self.data / "dicom").rglob("*.dcm"))

    def inflated(self, path):
        done = subprocess.run(["zstd", "-dc", str(path)], capture_output=True, check=True)
        return done.stdout

    def check(self, *flags, code=0):
        got, output = run("check", "--data", self.data, *flags)
        self.assertEqual(got, code, output)
        return output

    def read(self, server, number):
        answer = server.get(f"/dicomweb/studies/{dicom.study_uid(1)}/series/{dicom.series_uid(1, 1)}/instances/"
                            f"{dicom.sop_instance_uid(1, 1, number)}", Accept=f"{DICOM}; transfer-syntax=*")
        self.assertEqual(answer.status, 200, answer)
        return contents(answer)[0]

    def test_every_way_in_and_out(self):
        self.assertIsNotNone(shutil.which("zstd"), "Debian's package zstd is missing")
        files = {1: image(1), 2: image(2, transfer_syntax=dicom.IMPLICIT), 3: image(3), 4: image(4)}
        self.write("1.dcm", files[1])
        self.assertEqual(summary(self.bring(self.scans, *ZSTD))["new"], 1)
        with Server(self.data, *ZSTD) as server:
            for number in (2, 4):
                answer = server.request("POST", "/dicomweb/studies", files[number],
                                        {"Content-Type": "application/dicom"})
                self.assertEqual(answer.status, 200, answer)
            association = peer.Association(server.dimse_port)
            answer = association.store(peer.bare(files[3]), dicom.sop_instance_uid(1, 1, 3))
            self.assertEqual(answer[peer.STATUS], 0)
            association.release()
            for number in (1, 4):
                self.assertEqual(self.read(server, number), files[number])
            # Implicit VR is not for the web (PS3.18 8.7.3).
            self.assertTrue(self.read(server, 2).endswith(dicom.header(0x7FE00010, "OW", 2 * 512 * 512, dicom.EXPLICIT)
                                                          + smooth(512, 512)))
            # By an association a data set comes without file meta information.
            self.assertTrue(self.read(server, 3).endswith(peer.bare(files[3])))
            study = f"ImagingStudy/{dicom.study_uid(1)}"
            ends = time.monotonic() + 30
            while server.get(study).json()["numberOfInstances"] != 4:
                self.assertLess(time.monotonic(), ends)
                time.sleep(0.05)
        self.assertEqual((len(self.compressed()), self.plain()), (4, []))
        for path in self.compressed():
            number = next(n for n in files if path.name == f"{dicom.sop_instance_uid(1, 1, n)}.dcm.zst")
            inflated = self.inflated(path)
            self.assertLess(path.stat().st_size, len(inflated) * 0.5)
            if number != 3:
                self.assertEqual(inflated, files[number])
        self.assertRegex(self.check(), r"4 files, \d+ bytes \(\d+ as kept\): 0 missing, 0 damaged, 0 not indexed")

    def test_a_frame_of_a_large_object_and_what_is_kept_of_it(self):
        frames = 40
        content = dicom.instance(1, 1, 1, rows=512, columns=512, pixels=smooth(512, 512) * frames,
                                 NumberOfFrames=str(frames))
        self.write("large.dcm", content)
        self.bring(self.scans, *ZSTD)
        self.assertEqual(self.inflated(self.compressed()[0]), content)
        with Server(self.data) as server:
            self.assertEqual(self.read(server, 1), content)
            answer = server.get(f"/dicomweb/studies/{dicom.study_uid(1)}/series/{dicom.series_uid(1, 1)}/instances/"
                                f"{dicom.sop_instance_uid(1, 1, 1)}/frames/37",
                                Accept='multipart/related; type="application/octet-stream"')
            self.assertEqual(contents(answer), [smooth(512, 512)])

    def test_switched_on_and_off_again(self):
        for number, flags in ((1, ZSTD), (2, ()), (3, ZSTD)):
            self.write(f"{number}.dcm", image(number))
            self.bring(self.scans, *flags)
        self.assertEqual((len(self.compressed()), len(self.plain())), (2, 1))
        self.check()
        counts = summary(self.bring(self.scans))
        self.assertEqual((counts["new"], counts["known already"]), (0, 3))

    def test_damage_is_found_and_mended(self):
        content = image(1)
        self.write("1.dcm", content)
        self.bring(self.scans, *ZSTD)
        path = self.compressed()[0]
        kept = bytearray(path.read_bytes())
        kept[len(kept) // 2] ^= 1
        path.write_bytes(kept)
        self.assertRegex(self.check(code=2), rf"damaged: The file \S+\.dcm\.zst is damaged: frame \d+ \(zstd: ")
        with Server(self.data) as server:
            url = (f"/dicomweb/studies/{dicom.study_uid(1)}/series/{dicom.series_uid(1, 1)}/instances/"
                   f"{dicom.sop_instance_uid(1, 1, 1)}/frames/1")
            with self.assertRaises((http.client.HTTPException, OSError)):  # cut off: never other pixels than those
                server.get(url, Accept='multipart/related; type="application/octet-stream"')
            self.assertEqual(server.get("/healthz").status, 200)
        self.check("--repair", *ZSTD, code=2)
        self.bring(self.scans, *ZSTD)
        self.assertEqual(self.inflated(next(p for p in self.compressed() if "quarantine" not in p.parts)), content)
        self.check()

    def test_what_is_repaired_follows_the_setting(self):
        self.write("1.dcm", image(1))
        self.bring(self.scans)
        self.plain()[0].rename(self.data / "dicom" / "moved.dcm")
        self.check("--repair", *ZSTD)
        self.assertEqual((len(self.compressed()), self.plain()), (1, []))
        self.assertEqual(self.inflated(self.compressed()[0]), image(1))

    def test_the_setting(self):
        code, output = run("serve", "--print-config", "--data", self.data)
        self.assertIn("compress = 'none'", output)
        config = self.path / "lightbox.toml"
        config.write_text('compress = "zstd"\n')
        code, output = run("serve", "--print-config", "--data", self.data, "--config", config)
        self.assertIn("compress = 'zstd'", output)
        code, output = run("serve", "--print-config", "--data", self.data, "--compress", "gzip")
        self.assertEqual(code, 2)
        self.assertIn("none or zstd", output)


if __name__ == "__main__":
    unittest.main()

"""`lightbox check`: the archive's files against its index, and what is put right."""

import shutil
import unittest

import dicom_data as dicom
from import_test import ImportCase
from lightbox import Server, run


class CheckTest(ImportCase):
    def setUp(self):
        super().setUp()
        self.count = self.write_studies(2, 2, 5)
        self.bring(self.scans)

    def check(self, *flags, code=0):
        got, output = run("check", "--data", self.data, *flags)
        self.assertEqual(got, code, output)
        return output

    def file_of(self, study, series, number):
        return next((self.data / "dicom").rglob(f"{dicom.sop_instance_uid(study, series, number)}*.dcm"))

    def problems(self):
        return run("problems", "--data", self.data)[1]

    def instances(self, study):
        with Server(self.data) as server:
            return server.get(f"ImagingStudy/{dicom.study_uid(study)}").json()["numberOfInstances"]

    def test_all_is_well(self):
        output = self.check()
        self.assertRegex(output, rf"{self.count} files, \d+ bytes \(\d+ as kept\): 0 missing, 0 damaged, 0 not indexed, 0 in quarantine")
        self.assertIn("0 problems", self.problems())

    def test_no_data_folder(self):
        code, output = run("check", "--data", self.path / "nothing")
        self.assertEqual(code, 1, output)
        self.assertIn("is no data folder", output)
        self.assertFalse((self.path / "nothing").exists())

    def test_a_missing_file_is_listed_then_its_row_goes_and_it_can_be_sent_again(self):
        self.file_of(1, 1, 2).unlink()
        uid = dicom.sop_instance_uid(1, 1, 2)
        for _ in range(2):
            output = self.check(code=2)
            self.assertRegex(output, r"missing: The file \S+ is missing\n +study ")
            self.assertIn("1 problems", self.problems())
        self.assertEqual(self.instances(1), 10)
        self.check("--repair", code=2)
        self.assertEqual(self.instances(1), 9)
        self.assertRegex(self.problems(), rf"check: [^\n]*its row has been removed[^\n]*\n(.*\n)+ +instance {uid}\n")
        self.check()  # the files and the index agree; the list still says what was lost
        self.assertIn("1 problems", self.problems())
        self.bring(self.scans)
        self.assertEqual(self.instances(1), 10)
        self.check()
        self.assertIn("0 problems", self.problems())

    def test_a_damaged_file_goes_to_quarantine(self):
        for damage in ("bytes", "shorter"):
            with self.subTest(damage):
                path = self.file_of(2, 1, 1)
                content = bytearray(path.read_bytes())
                content[-20] ^= 1
                path.write_bytes(content if damage == "bytes" else content[:-100])
                self.assertIn("damaged: ", self.check(code=2))
                output = self.check("--repair", code=2)
                self.assertIn("damaged: ", output)
                self.assertFalse(path.exists())
                self.assertEqual(self.instances(2), 9)
                self.bring(self.scans)
                self.assertEqual(self.instances(2), 10)
                self.check()
        self.assertEqual(len(list((self.data / "dicom/quarantine").iterdir())), 2)

    def test_a_damaged_file_never_takes_the_place_of_its_instance(self):
        path = self.file_of(2, 1, 1)
        content = bytearray(path.read_bytes())
        content[-20] ^= 1  # a pixel: it reads well
        path.write_bytes(content)
        self.check("--repair", code=2)
        self.check("--retry", "--repair", code=2)
        self.assertEqual(self.instances(2), 9)

    def test_a_file_without_a_row_is_indexed(self):
        folder = self.file_of(1, 1, 1).parent
        new = dicom.instance(3, 1, 1, patient="P3")
        (folder / "restored.dcm").write_bytes(new)
        (folder / "note.txt").write_text("not DICOM")
        self.assertIn("not indexed: ", self.check(code=2))
        output = self.check("--repair")
        self.assertIn("it has been indexed", output)
        self.assertIn("it has gone to quarantine", output)
        self.assertEqual(self.file_of(3, 1, 1).read_bytes(), new)
        self.assertFalse((folder / "restored.dcm").exists())
        self.assertFalse((folder / "note.txt").exists())
        self.assertEqual([path.read_text() for path in (self.data / "dicom/quarantine").iterdir()], ["not DICOM"])
        self.assertEqual(self.instances(3), 1)
        self.check()

    def test_a_file_that_was_moved_is_found(self):
        path = self.file_of(1, 2, 3)
        content = path.read_bytes()
        (self.data / "dicom/2020").mkdir()
        path.rename(self.data / "dicom/2020/moved.dcm")
        self.check("--repair")
        self.assertEqual(self.file_of(1, 2, 3).read_bytes(), content)
        self.assertEqual(self.instances(1), 10)
        self.check()
        self.assertIn("0 problems", self.problems())

    def test_a_lost_disk_does_not_cost_the_index(self):
        self.write_studies(12, 2, 10)
        self.bring(self.scans)
        days = [path for path in (self.data / "dicom").iterdir() if path.name.isdigit()]
        for path in days:
            path.rename(self.path / path.name)
        output = self.check("--repair", code=1)
        self.assertIn("is a disk not mounted?", output)
        for path in days:
            (self.path / path.name).rename(path)
        self.check()

    def test_quarantine_is_retried(self):
        self.write("bad", dicom.instance(5, 1, 1, StudyInstanceUID=None))
        self.bring(self.scans, code=2)
        quarantined = next((self.data / "dicom/quarantine").iterdir())
        self.check("--retry", code=2)  # still bad
        self.assertTrue(quarantined.exists())
        self.assertIn("1 problems", self.problems())
        good = dicom.instance(5, 1, 1, patient="P5")
        quarantined.write_bytes(good)  # as if the rule had been mended
        self.check("--retry")
        self.assertFalse(quarantined.exists())
        self.assertIn("0 problems", self.problems())
        self.assertEqual(self.instances(5), 1)

    def test_what_lies_in_quarantine_unlisted_is_not_forgotten(self):
        (self.data / "dicom/quarantine/stray.dcm").write_bytes(dicom.instance(6, 1, 1))
        self.assertIn("not indexed: ", self.check(code=2))
        self.check("--repair")
        self.assertEqual(self.instances(6), 1)

    def test_remap_makes_every_resource_again(self):
        uid = dicom.study_uid(1)
        before = self.data.with_name("before")
        shutil.copytree(self.data, before)
        output = self.check("--remap")
        self.assertIn("2 studies to map again", output)
        with Server(self.data) as server:  # the same rules make the same resource, and no new version
            self.assertEqual(server.get(f"ImagingStudy/{uid}").headers["ETag"], 'W/"1"')
        self.assertIn("2 studies to map again",
                      self.check("--remap", "--public-url", "https://fhir.example.org"))


if __name__ == "__main__":
    unittest.main()

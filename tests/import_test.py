"""`lightbox import`: files, folders, media and archives, into a stopped folder and into a running server."""

import io
import os
import re
import shutil
import signal
import subprocess
import tarfile
import tempfile
import time
import unittest
import zipfile
from pathlib import Path

import dicom_data as dicom
from lightbox import BINARY, ROOT, Server, run

SAMPLES = ROOT.parent / "shared" / "samples" / "dicom"
# Of each collection, in this order: stored, there already (the same bytes, or another instance of the UID),
# quarantined (no StudyInstanceUID: palettes and dumps; truncated; a delimiter where an element must be), not read
# (files that a DICOMDIR names and that are not there, and a broken DICOMDIR), not DICOM (DICOMDIRs, text, JSON).
EXPECTED = {
    "Efferent-Health+fo-dicom.Codecs": (1, 1, 0, 0, 0),
    "GoogleCloudPlatform+healthcare-dicom-dicomweb-adapter": (3, 2, 0, 0, 0),
    "GoogleCloudPlatform+medical-imaging": (5, 0, 0, 0, 0),
    "IHE+RAD.MADO": (2, 0, 0, 0, 0),
    "ImagingDataCommons+highdicom": (21, 1, 0, 0, 0),
    "chafey+DICOMHTJ2K": (3, 0, 0, 0, 0),
    "cornerstonejs+cornerstone3D": (12, 9, 0, 0, 0),
    "cornerstonejs+dicomParser": (1, 6, 0, 0, 0),
    "dcm4che+dcm4che": (4, 1, 1, 11, 1),
    "dcmjs-org+dcmjs": (4, 0, 0, 0, 0),
    "dcmjs-org+dicomweb-client": (1, 1, 0, 0, 0),
    "debian+python3-pydicom": (0, 0, 0, 0, 1),
    "dicompyler+dicompyler-core": (3, 0, 0, 0, 0),
    "fo-dicom+fo-dicom": (10, 3, 3, 20, 1),
    "icometrix+dicom2nifti": (4, 0, 0, 0, 0),
    "moloney+dcmstack": (7, 0, 0, 0, 0),
    "neurolabusc+dcm_qa_agfa": (4, 0, 0, 0, 0),
    "neurolabusc+dcm_qa_enh": (4, 0, 0, 0, 0),
    "neurolabusc+dcm_qa_ts": (9, 0, 0, 0, 0),
    "nipy+heudiconv": (3, 0, 0, 0, 0),
    "nipy+nibabel": (1, 0, 0, 0, 0),
    "pydicom+deid": (0, 0, 0, 0, 7),
    "pydicom+pydicom": (95, 9, 3, 1, 8),
    "pydicom+pydicom-data": (9, 2, 1, 0, 0),
    "pydicom+pylibjpeg-data": (4, 0, 0, 0, 0),
    "pydicom+pynetdicom": (1, 2, 0, 0, 0),
    "robyoung+dicom-test-files": (22, 4, 0, 0, 0),
    "suyashkumar+dicom": (1, 0, 0, 0, 0),
}


def summary(output):
    """The numbers of the last line by their names."""
    line = output.strip().splitlines()[-1]
    return {name: int(number) for number, name in re.findall(
        r"(\d+) (instances|studies|new|known already|conflicts|quarantined|refused|files are not DICOM)", line)}


class ImportCase(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name)
        self.data = self.path / "data"
        self.scans = self.path / "scans"
        self.scans.mkdir()

    def write(self, name, content):
        path = self.scans / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def write_studies(self, studies=3, series=2, instances=4):
        for study in range(1, studies + 1):
            for number, content in enumerate(dicom.study(study, series, instances, patient=f"P{study}")):
                self.write(f"{study}/{number}.dcm", content)
        return studies * series * instances

    def bring(self, *arguments, code=0):
        got, output = run("import", "--data", self.data, *arguments)
        self.assertEqual(got, code, output)
        return output

    def stored_files(self):
        return sorted(path for path in (self.data / "dicom").rglob("*.dcm") if "quarantine" not in path.parts)

    def check_studies(self, server, studies, instances_each):
        bundle = server.get(f"ImagingStudy?_count=1000").json()
        self.assertEqual(bundle["total"], studies)
        for entry in bundle.get("entry", []):
            self.assertEqual(entry["resource"]["numberOfInstances"], instances_each, entry["resource"]["id"])


class ImportTest(ImportCase):
    def test_a_folder_becomes_studies_that_are_found(self):
        self.write_studies()
        self.write("readme.txt", b"No DICOM at all")
        self.write("3/empty", b"")
        counts = summary(self.bring(self.scans))
        self.assertEqual(counts, {"instances": 24, "studies": 3, "new": 24, "known already": 0, "conflicts": 0,
                                  "quarantined": 0, "refused": 0, "files are not DICOM": 2})
        with Server(self.data) as server:
            self.check_studies(server, 3, 8)
            self.assertEqual(server.search("ImagingStudy?identifier=A2"), [dicom.study_uid(2)])
            study = server.get(f"ImagingStudy/{dicom.study_uid(2)}")
            self.assertEqual(study.headers["ETag"], 'W/"1"')
            self.assertEqual(len(server.search("Patient?identifier=P3")), 1)
            self.assertTrue(study.json()["endpoint"])
        # The bytes are those that came, by day and study.
        stored = self.stored_files()
        self.assertEqual(len(stored), 24)
        by_name = {path.name: path.read_bytes() for path in stored}
        uid = dicom.sop_instance_uid(1, 1, 1)
        self.assertEqual(by_name[f"{uid}.dcm"], (self.scans / "1/0.dcm").read_bytes())
        self.assertRegex(str(stored[0].relative_to(self.data)), r"^dicom/\d{4}/\d\d/\d\d/[\d.]+/[\d.]+\.dcm$")

    def test_again_changes_nothing(self):
        self.write_studies()
        self.bring(self.scans)
        before = self.stored_files()
        counts = summary(self.bring(self.scans))
        self.assertEqual((counts["new"], counts["known already"]), (0, 24))
        self.assertEqual(self.stored_files(), before)
        with Server(self.data) as server:
            self.assertEqual(server.get(f"ImagingStudy/{dicom.study_uid(1)}").headers["ETag"], 'W/"1"')

    def test_later_files_make_one_more_version(self):
        self.write_studies(1)
        self.bring(self.scans)
        for number in range(30, 40):
            self.write(f"late/{number}", dicom.instance(1, 7, number, patient="P1", modality="MR"))
        self.bring(self.scans)
        with Server(self.data) as server:
            study = server.get(f"ImagingStudy/{dicom.study_uid(1)}")
            self.assertEqual(study.headers["ETag"], 'W/"2"')
            self.assertEqual((study.json()["numberOfSeries"], study.json()["numberOfInstances"]), (3, 18))

    def test_every_kind_of_object_and_encoding(self):
        files = [dicom.instance(1, 1, number, transfer_syntax=syntax) for number, syntax in enumerate(
            (dicom.IMPLICIT, dicom.EXPLICIT, dicom.DEFLATED, dicom.BIG_ENDIAN, dicom.JPEG, dicom.JPEG_2000,
             dicom.HTJ2K, dicom.RLE, "1.2.3.4.5"))]
        files += [dicom.without_preamble(dicom.instance(1, 1, 50)), dicom.report(), dicom.presentation_state(),
                  dicom.pdf(), dicom.segmentation(), dicom.instance(1, 1, 51, undefined_lengths=True)]
        for number, content in enumerate(files):
            self.write(f"{number}", content)
        counts = summary(self.bring(self.scans))
        self.assertEqual(counts["new"], len(files))
        with Server(self.data) as server:
            study = server.get(f"ImagingStudy/{dicom.study_uid(1)}").json()
            self.assertEqual(study["numberOfInstances"], len(files))
            self.assertEqual({coding["code"] for coding in study["modality"]}, {"CT", "SR", "PR", "DOC", "SEG"})

    def test_links_and_loops_of_links(self):
        count = self.write_studies(1)
        elsewhere = self.path / "elsewhere"
        elsewhere.mkdir()
        (elsewhere / "one.dcm").write_bytes(dicom.instance(9, 1, 1))
        (self.scans / "loop").symlink_to(self.scans)
        (self.scans / "out").symlink_to(elsewhere)
        (self.scans / "back").symlink_to(self.scans / "1")
        (self.scans / "nowhere").symlink_to("/nonexistent/file")
        output = self.bring(self.scans, code=2)
        self.assertEqual(summary(output)["new"], count + 1)
        self.assertEqual(summary(output)["instances"], count + 1)
        self.assertRegex(output, r"1 not read: No such file or directory\n +\S*/nowhere\n")

    def test_what_does_not_exist_stops_it_before_it_begins(self):
        self.write_studies(1)
        output = self.bring(self.scans, self.path / "nothing", code=1)
        self.assertIn("nothing cannot be read: No such file or directory", output)
        self.assertEqual(self.stored_files(), [])

    def test_what_cannot_be_indexed_is_kept_with_its_reason(self):
        self.write_studies(1)
        self.write("bad/a", dicom.instance(2, 1, 1, StudyInstanceUID=""))
        self.write("bad/b", dicom.instance(2, 1, 2, StudyInstanceUID=None))
        self.write("bad/cut", dicom.instance(2, 1, 3)[:300])
        output = self.bring(self.scans, code=2)
        counts = summary(output)
        self.assertEqual((counts["new"], counts["quarantined"]), (8, 3))
        self.assertRegex(output, r"2 quarantined: \(0020,000D\)[^\n]*\n +\S*/bad/a\n +\S*/bad/b\n")
        self.assertEqual(len(list((self.data / "dicom/quarantine").iterdir())), 3)
        code, listed = run("problems", "--data", self.data)
        self.assertEqual(code, 0, listed)
        self.assertEqual(listed.count(" quarantined: "), 3, listed)

    def test_another_instance_of_the_same_uid_is_refused_and_listed(self):
        self.write("1", dicom.instance(1, 1, 1))
        self.bring(self.scans)
        self.write("1", dicom.instance(1, 1, 1, PatientName="Another"))
        output = self.bring(self.scans, code=2)
        self.assertEqual(summary(output)["conflicts"], 1)
        self.assertRegex(output, r"1 refused \(conflict\): Instance [\d.]+ is in the archive already")
        self.assertIn(" conflict: ", run("problems", "--data", self.data)[1])

    def test_in_place_the_files_stay_where_they_are(self):
        count = self.write_studies()
        counts = summary(self.bring("--in-place", self.scans))
        self.assertEqual(counts["new"], count)
        self.assertEqual(self.stored_files(), [])
        with Server(self.data) as server:
            self.check_studies(server, 3, 8)
        self.assertEqual(run("check", "--data", self.data)[0], 0)
        (self.scans / "1/0.dcm").unlink()
        code, output = run("check", "--data", self.data)
        self.assertEqual(code, 2, output)
        self.assertRegex(output, r"missing: The file \S*/scans/1/0\.dcm is missing")

    def test_a_folder_in_use_is_left_alone(self):
        self.write_studies(1)
        with Server(self.data) as server:
            output = self.bring(self.scans, code=1)
            self.assertIn("lightbox:", output)
            self.assertEqual(server.get("ImagingStudy?_summary=count").json()["total"], 0)

    def test_into_a_running_server(self):
        count = self.write_studies()
        self.write("bad", dicom.instance(4, 1, 1, StudyInstanceUID=None))
        with zipfile.ZipFile(self.scans / "more.zip", "w") as archive:
            archive.writestr("x/1", dicom.instance(5, 1, 1, pixels=os.urandom(3_000_000), rows=1500, columns=1000))
        self.write("note.txt", b"text")
        with Server(self.data) as server:
            to = server.base.replace("/baseR4", "/dicomweb")
            code, output = run("import", "--to", to, self.scans)
            self.assertEqual(code, 2, output)
            counts = summary(output)
            self.assertEqual(counts["new"], count + 1, output)
            self.assertEqual(counts["quarantined"] + counts["refused"], 1, output)
            self.assertIn("0020,000D", output)
            self.wait_for_studies(server, 4)
            code, output = run("import", "--to", to, self.scans)
            counts = summary(output)
            self.assertEqual((code, counts["instances"]), (2, count + 2), output)
            self.assertEqual((counts["new"], counts["known already"]), (0, count + 1), output)

    def wait_for_studies(self, server, studies):
        ends = time.monotonic() + 30
        while server.get("ImagingStudy?_summary=count").json()["total"] != studies:
            self.assertLess(time.monotonic(), ends)
            time.sleep(0.05)

    def test_a_wrong_address_is_said_at_once(self):
        self.write_studies()
        with Server(self.data) as server:
            code, output = run("import", "--to", server.base, self.scans)
            self.assertEqual(code, 1, output)
            self.assertRegex(output, r"the server answered 40\d")
        for url, says in (("localhost:8080", "must be a DICOMweb base"), ("http://127.0.0.1:1/dicomweb", "onnect")):
            code, output = run("import", "--to", url, self.scans)
            self.assertEqual(code, 1, output)
            self.assertIn(says, output)


class ArchiveTest(ImportCase):
    """Zip and tar."""

    def members(self):
        for study in (1, 2):
            for number, content in enumerate(dicom.study(study, 2, 5, patient=f"P{study}")):
                yield f"disk/{study}/{number}.dcm", content
        yield "disk/readme.txt", b"text"
        yield "../../outside.dcm", dicom.instance(3, 1, 1)
        yield "disk/Jürgen/ö.dcm", dicom.instance(3, 1, 2)
        yield "large.dcm", dicom.instance(3, 1, 3, pixels=bytes(4_000_000), rows=2000, columns=1000)

    def tar(self, path, mode):
        with tarfile.open(path, mode) as archive:
            for name, content in self.members():
                info = tarfile.TarInfo(name)
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
            link = tarfile.TarInfo("disk/link.dcm")
            link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
            archive.addfile(link)
        return path

    def zip(self, path):
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("folder/", b"")
            for name, content in self.members():
                archive.writestr(name, content)
        return path

    def make_all(self, folder):
        folder.mkdir(exist_ok=True)
        made = [self.zip(folder / "a.zip"), self.tar(folder / "a.tar", "w"), self.tar(folder / "a.tar.gz", "w:gz"),
                self.tar(folder / "a.tar.xz", "w:xz")]
        if shutil.which("zstd"):
            subprocess.run(["zstd", "-q", str(folder / "a.tar"), "-o", str(folder / "a.tar.zst")], check=True)
            made.append(folder / "a.tar.zst")
        return made

    def test_each_format(self):
        for path in self.make_all(self.path / "archives"):
            with self.subTest(path.name):
                self.data = self.path / f"data-{path.name}"
                counts = summary(self.bring(path))
                self.assertEqual((counts["new"], counts["studies"], counts["files are not DICOM"]), (23, 3, 1))
                self.assertFalse((self.path / "outside.dcm").exists())
                with Server(self.data) as server:
                    self.check_studies_by_uid(server)

    def check_studies_by_uid(self, server):
        counts = [server.get(f"ImagingStudy/{dicom.study_uid(n)}").json()["numberOfInstances"] for n in (1, 2, 3)]
        self.assertEqual(counts, [10, 10, 3])

    def test_in_a_folder_among_others(self):
        made = self.make_all(self.scans)
        self.write("alone.dcm", dicom.instance(4, 1, 1))
        counts = summary(self.bring(self.scans))
        self.assertEqual((counts["instances"], counts["new"]), (23 * len(made) + 1, 24))

    def test_broken_ones_give_what_they_have(self):
        whole = self.tar(self.scans / "a.tar", "w").read_bytes()
        (self.scans / "a.tar").write_bytes(whole[:len(whole) // 5])
        zipped = bytearray(self.zip(self.scans / "b.zip").read_bytes())
        zipped[2000:2400] = bytes(400)
        (self.scans / "b.zip").write_bytes(zipped)
        self.write("c.zip", b"PK\3\4 is all there is")
        self.write("d.gz", b"\x1f\x8b is all there is")
        output = self.bring(self.scans, code=2)
        self.assertGreater(summary(output)["new"], 5, output)
        for name in ("a.tar", "b.zip", "c.zip"):
            self.assertIn(name, output)
        self.assertEqual(summary(output)["files are not DICOM"], 2, output)  # d.gz, and a readme

    def test_a_bomb_ends(self):
        with zipfile.ZipFile(self.scans / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            with archive.open("1.dcm", "w", force_zip64=True) as member:
                member.write(dicom.instance(1, 1, 1)[:900])
                for _ in range(600):
                    member.write(bytes(1_000_000))
            archive.writestr("2.dcm", dicom.instance(1, 1, 2))
        output = self.bring(self.scans, code=2)
        self.assertIn("archive_ratio_max = 200", output)
        self.assertEqual(self.stored_files(), [])

    def test_their_files_cannot_stay_in_place(self):
        archive = self.zip(self.path / "a.zip")
        output = self.bring("--in-place", archive, code=1)
        self.assertIn("import it without --in-place", output)
        shutil.copy(archive, self.scans)
        self.write("alone.dcm", dicom.instance(4, 1, 1))
        output = self.bring("--in-place", self.scans, code=2)
        self.assertIn("import it without --in-place", output)
        self.assertEqual(summary(output)["new"], 1)


@unittest.skipUnless(shutil.which("dcmmkdir"), "no dcmmkdir (Debian's dcmtk)")
class MediaTest(ImportCase):
    """A medium with a DICOMDIR, made by DCMTK."""

    def setUp(self):
        super().setUp()
        for study in (1, 2):
            for number, content in enumerate(dicom.study(study, 1, 4, patient=f"P{study}", PatientName="Disk^Test")):
                self.write(f"S{study}/IM{number}", content)
        done = subprocess.run(["dcmmkdir", "+r", "+id", ".", "+D", "DICOMDIR", "-Pgp", "+I", "+m"], cwd=self.scans,
                              capture_output=True, text=True)
        self.assertTrue((self.scans / "DICOMDIR").exists(), done.stderr)
        self.write("AUTORUN.EXE", b"MZ")
        self.write("OTHER/IM9", dicom.instance(9, 1, 1))  # the directory does not know it

    def test_its_directory_names_the_files(self):
        counts = summary(self.bring(self.scans / "DICOMDIR"))
        self.assertEqual((counts["new"], counts["files are not DICOM"]), (8, 0))

    def test_as_a_folder_all_of_it(self):
        counts = summary(self.bring(self.scans))
        self.assertEqual((counts["new"], counts["files are not DICOM"]), (9, 2))

    def test_what_the_directory_names_and_is_not_there_is_a_problem(self):
        (self.scans / "S2/IM3").unlink()
        for path in (self.scans, self.scans / "DICOMDIR"):
            output = self.bring(path, code=2)
            self.assertRegex(output, r"not read: \S*DICOMDIR refers to it: No such file")
            self.assertIn("S2/IM3", output)

    def test_a_damaged_directory_loses_no_file(self):
        directory = self.scans / "DICOMDIR"
        whole = directory.read_bytes()
        without_records = whole.replace(b"\x04\x00\x20\x12", b"\x04\x00\x21\x12")
        for damaged in (whole[:len(whole) // 2], whole[:170], whole[:200], without_records, b"", os.urandom(2000)):
            shutil.rmtree(self.data, ignore_errors=True)
            directory.write_bytes(damaged)
            output = self.bring(directory, code=2)
            listed = re.findall(r"^1 (?:not read|quarantined): .*\n +\S*DICOMDIR$", output, re.M)
            self.assertEqual(len(listed), 1, output)
            self.assertEqual(summary(output)["new"], 9, output)

    def test_names_in_another_case(self):
        for path in sorted(self.scans.rglob("*"), reverse=True):
            path.rename(path.with_name(path.name.lower() + (";1" if path.is_file() else "")))
        counts = summary(self.bring(self.scans / "dicomdir;1"))
        self.assertEqual(counts["new"], 8)


@unittest.skipUnless(SAMPLES.is_dir(), "no samples beside the project")
class SamplesTest(ImportCase):
    """What others' tools are tested with."""

    def test_each_collection_meets_its_expected_fate(self):
        stored, files = 0, 0
        for name, expected in EXPECTED.items():
            folder = SAMPLES / name
            if not folder.is_dir():
                continue
            files += sum(path.is_file() for path in folder.rglob("*"))
            with self.subTest(name):
                is_well = expected[2] == expected[3] == 0
                code, output = run("import", "--data", self.data, folder)
                counts = summary(output)
                got = (counts["new"], counts["known already"] + counts["conflicts"], counts["quarantined"],
                       sum(int(n) for n in re.findall(r"^(\d+) not read", output, re.M)), counts["files are not DICOM"])
                self.assertEqual(got, expected, output)
                self.assertEqual(counts["refused"], 0, output)
                self.assertEqual(code, 0 if is_well and counts["conflicts"] == 0 else 2, output)
                stored += counts["new"]
        print(f"{files} sample files, {stored} instances of them stored")
        self.assertGreater(stored, 200)
        self.assertEqual(len(self.stored_files()), stored)
        self.assertEqual(run("check", "--data", self.data)[0], 0)
        with Server(self.data) as server:
            studies = server.search("ImagingStudy?_count=500")
            self.assertGreater(len(studies), 70)
            shown = sum(server.get(f"ImagingStudy/{uid}").json()["numberOfInstances"] for uid in studies)
            self.assertEqual(shown, stored)


class StopTest(ImportCase):
    """An import that is stopped or killed is started again, and nothing is lost or doubled."""

    def setUp(self):
        super().setUp()
        self.count = 6000
        for number in range(self.count):
            study = 1 + number // 100
            self.write(f"{study}/{number}.dcm", dicom.instance(study, 1, number, patient=f"P{study}"))

    def start(self):
        process = subprocess.Popen([str(BINARY), "import", "--data", str(self.data), str(self.scans)],
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.addCleanup(process.stdout.close)
        ends = time.monotonic() + 60
        while len(self.stored_files()) < 2500 and time.monotonic() < ends and process.poll() is None:
            time.sleep(0.005)
        return process

    def finish(self):
        counts = summary(self.bring(self.scans))
        self.assertEqual(counts["instances"], self.count)
        with Server(self.data) as server:
            self.check_studies(server, 60, 100)
            self.assertEqual(server.get(f"ImagingStudy/{dicom.study_uid(1)}").json()["numberOfInstances"], 100)
        return counts

    def test_killed(self):
        process = self.start()
        process.kill()
        process.wait()
        counts = self.finish()
        self.assertLess(counts["new"], self.count)
        code, output = run("check", "--data", self.data, "--repair")
        self.assertEqual(code, 0, output)
        self.assertEqual(len(self.stored_files()), self.count)
        self.assertEqual(run("check", "--data", self.data)[0], 0)

    def test_stopped(self):
        process = self.start()
        process.send_signal(signal.SIGINT)
        output = process.communicate(timeout=60)[0]
        self.assertEqual(process.returncode, 1, output)
        self.assertIn("the same command again goes on", output)
        said = int(re.search(r"(\d+) new", output)[1])
        self.assertEqual(len(self.stored_files()), said)
        self.assertLess(said, self.count)
        counts = self.finish()
        self.assertEqual((counts["new"], counts["known already"]), (self.count - said, said))


if __name__ == "__main__":
    unittest.main()

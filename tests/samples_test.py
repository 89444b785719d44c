"""All samples by each way in: what others' tools are tested with goes in by STOW-RS and C-STORE as it does by import
(import_test.py has the fate of each collection)."""

import collections
import http.client
import json
import struct
import tempfile
import unittest
from pathlib import Path

import dimse_peer
import orthanc_archive
from lightbox import ROOT, Server, run

SAMPLES = ROOT.parent / "shared" / "samples" / "dicom"
# By STOW-RS, one object a request: 202 stored with a warning, 409 refused (other content of a UID that is there, no DICOM,
# damaged).
STOW = {200: 231, 202: 4, 409: 66}
# By C-STORE: 0111 is there with other content; A900 the command names another SOP class or instance than the data set; C000
# damaged; "context" a DICOMDIR, whose class is not for storage; "no meta" cannot be announced.
STORE = {0x0000: 224, 0x0111: 32, 0xA900: 14, 0xC000: 7, "context": 10, "no meta": 14}
# Of Debian's Orthanc, which holds 234 of them, 21 in studies without a date: those that are known when it was asked what it
# has, and when it was asked for the images. It does not find two studies by WADO-RS that it shows by QIDO-RS, and breaks off
# the C-STORE of some objects that it cannot read.
TOLD = {"dicomweb": 213, "dimse": 213}
IMAGES = {"dicomweb": 201, "dimse": 206}
REPORTED = {("dicomweb", False): 4, ("dimse", False): 2, ("dicomweb", True): 2, ("dimse", True): 5}
CLASS, INSTANCE, TRANSFER_SYNTAX = 0x0002, 0x0003, 0x0010


def file_meta(content):
    """({element of group 0002: text}, where the data set begins); None without."""
    if content[128:132] != b"DICM":
        return None
    elements, at = {}, 132
    while content[at:at + 2] == b"\2\0":
        _, element, vr = struct.unpack_from("<HH2s", content, at)
        is_long = vr in (b"OB", b"UN")
        length, = struct.unpack_from("<I" if is_long else "<H", content, at + (8 if is_long else 6))
        at += 12 if is_long else 8
        elements[element] = content[at:at + length].rstrip(b"\0 ").decode("latin-1")
        at += length
    return (elements, at) if {CLASS, INSTANCE, TRANSFER_SYNTAX} <= elements.keys() else None


def stored(server):
    """The SOP Instance UIDs that are there."""
    uids = set()
    while True:
        answer = server.request("GET", f"/dicomweb/instances?limit=500&offset={len(uids)}",
                                headers={"Accept": "application/dicom+json"})
        page = answer.json() if answer.status == 200 else []
        uids |= {one["00080018"]["Value"][0] for one in page}
        if len(page) < 500:
            return uids


@unittest.skipUnless(SAMPLES.is_dir(), "no samples beside the project")
class SamplesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.contents = [path.read_bytes() for path in sorted(SAMPLES.rglob("*")) if path.is_file()]
        with tempfile.TemporaryDirectory() as folder:
            run("import", "--data", folder, SAMPLES)
            with Server(folder) as server:
                cls.imported = stored(server)
        print(f"{len(cls.contents)} sample files, {len(cls.imported)} instances of them imported")

    def test_by_stow(self):
        statuses = collections.Counter()
        with tempfile.TemporaryDirectory() as folder, Server(folder) as server:
            for content in self.contents:
                answer = server.request("POST", "/dicomweb/studies", content, {"Content-Type": "application/dicom"})
                statuses[answer.status] += 1
            self.assertEqual(stored(server), self.imported)
        self.assertEqual(statuses, STOW)

    def test_by_c_store(self):
        statuses, refused = collections.Counter(), set()
        with tempfile.TemporaryDirectory() as folder, Server(folder) as server:
            for content in self.contents:
                status, uid = self.send(server.dimse_port, content)
                statuses[status] += 1
                if status == 0xA900:
                    refused.add(uid)
            found = stored(server)
        self.assertEqual(statuses, STORE)
        self.assertLess(found, self.imported)
        # What the sender was told of, or could not send.
        self.assertLessEqual(len(self.imported - found), STORE["no meta"] + len(refused))

    def send(self, port, content):
        """The status, or why it was not sent, and the UID."""
        meta = file_meta(content)
        if meta is None:
            return "no meta", None
        elements, begin = meta
        association = dimse_peer.Association(port, {1: (elements[CLASS], [elements[TRANSFER_SYNTAX]])})
        try:
            if association.accepted[1][0] != 0:
                return "context", None
            response = association.store(content[begin:], elements[INSTANCE], elements[CLASS], 1)
            association.release()
            return response[dimse_peer.STATUS], elements[INSTANCE]
        finally:
            association.close()


@unittest.skipUnless(SAMPLES.is_dir(), "no samples beside the project")
@unittest.skipUnless(orthanc_archive.is_there(), "orthanc or its DICOMweb plugin is missing")
class ArchiveTest(unittest.TestCase):
    """Of an Orthanc that holds what it takes of the samples."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.orthanc = orthanc_archive.Orthanc(folder.name)
        cls.addClassCleanup(cls.orthanc.stop)
        connection = http.client.HTTPConnection("127.0.0.1", cls.orthanc.port, timeout=60)
        for path in sorted(SAMPLES.rglob("*")):
            if path.is_file():
                connection.request("POST", "/instances", path.read_bytes())
                connection.getresponse().read()
        connection.close()
        tags = [one["MainDicomTags"] for one in json.loads(cls.orthanc.ask("GET", "/instances?expand"))]
        cls.held = {one["SOPInstanceUID"] for one in tags}
        print(f"{len(cls.held)} instances of the samples are in Orthanc")

    def pull(self, settings, *flags):
        """The SOP Instance UIDs that are known then, and what the report says."""
        with tempfile.TemporaryDirectory() as folder:
            config = Path(folder) / "lightbox.toml"
            config.write_text(f"[sources.main]\n{settings}requests_per_second = 1000\npoll_seconds = 0\nwalk_hours = 0\n")
            _, output = run("pull", "main", "--data", f"{folder}/data", "--config", config, *flags)
            with Server(f"{folder}/data", "--config", config) as server:
                studies = server.search("ImagingStudy")
                return stored(server), studies, output

    def check(self, expected, *flags):
        for protocol, settings in (
                ("dicomweb", f'protocol = "dicomweb"\nurl = "{self.orthanc.dicomweb}"\n'),
                ("dimse", f'protocol = "dimse"\npeer = "ORTHANC=127.0.0.1:{self.orthanc.dicom_port}"\nretries_max = 1\n')):
            with self.subTest(protocol):
                found, studies, output = self.pull(settings, *flags)
                self.assertLessEqual(found, self.held)
                self.assertEqual(len(found), expected[protocol], output)
                # What is missing is of studies without a date, or in the report.
                self.assertIn(f"{REPORTED[protocol, bool(flags)]} differ", output)
                self.assertGreaterEqual(len(studies), 50)

    def test_what_is_told(self):
        self.check(TOLD)

    def test_images(self):
        self.check(IMAGES, "--images")


if __name__ == "__main__":
    unittest.main()

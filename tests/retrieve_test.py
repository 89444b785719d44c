"""WADO-RS through the front door: what was stored comes out again, whole or in parts, in every form that is asked for."""

import email.parser
import http.client
import io
import json
import os
import struct
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree
import zipfile
from pathlib import Path

import dicom_data
from lightbox import Server

OCTETS = 'multipart/related; type="application/octet-stream"'
DICOM = 'multipart/related; type="application/dicom"'
MODEL = "{http://dicom.nema.org/PS3.19/models/NativeDICOM}"
JPEG_2000_START = b"\xff\x4f\xff\x51"


def parts(answer):
    """The parts of a multipart answer: (headers, content), by its boundary alone."""
    content_type = answer.headers["Content-Type"]
    message = email.parser.HeaderParser().parsestr(f"Content-Type: {content_type}\n\n")
    boundary = message.get_param("boundary").encode()
    assert answer.body.startswith(b"--" + boundary + b"\r\nContent-Type: "), answer.body[:200]
    assert answer.body.endswith(b"\r\n--" + boundary + b"--\r\n"), answer.body[-200:]
    found = []
    for part in (b"\r\n" + answer.body).split(b"\r\n--" + boundary)[1:-1]:
        head, content = part[2:].split(b"\r\n\r\n", 1)
        found.append((dict(line.split(": ", 1) for line in head.decode().split("\r\n")), content))
    return found


def contents(answer):
    return [content for _, content in parts(answer)]


class RetrieveTest(unittest.TestCase):
    FLAGS = ()

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.server = Server(cls.folder.name, "--dimse", "off", *cls.FLAGS)
        cls.next_study = 500

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__()
        cls.folder.cleanup()

    def setUp(self):
        type(self).next_study += 1
        self.study = type(self).next_study
        self.url = f"/dicomweb/studies/{dicom_data.study_uid(self.study)}"

    def store(self, *objects):
        for content in objects:
            answer = self.server.request("POST", "/dicomweb/studies", content, {"Content-Type": "application/dicom"})
            self.assertEqual(answer.status, 200, answer)

    def instance_url(self, series=1, number=1):
        return (f"{self.url}/series/{dicom_data.series_uid(self.study, series)}/instances/"
                f"{dicom_data.sop_instance_uid(self.study, series, number)}")

    def get(self, path, accept=None, status=200, **headers):
        if accept is not None:
            headers["Accept"] = accept
        answer = self.server.get(path, **{name.replace("_", "-"): value for name, value in headers.items()})
        self.assertEqual(answer.status, status, answer)
        return answer

    def refused(self, path, status, text, accept=None):
        answer = self.get(path, accept, status)
        self.assertIn(text, answer.json()["issue"][0]["diagnostics"])

    # --- metadata ---------------------------------------------------------------------------------

    def test_metadata_at_three_levels(self):
        self.store(*dicom_data.study(self.study, series=2, instances=3))
        series = f"{self.url}/series/{dicom_data.series_uid(self.study, 2)}"
        for path, expected in ((self.url, 6), (series, 3), (self.instance_url(2, 3), 1)):
            answer = self.get(path + "/metadata")
            self.assertEqual(answer.headers["Content-Type"], "application/dicom+json")
            metadata = answer.json()
            self.assertEqual(len(metadata), expected)
        self.assertEqual(metadata[0]["00080018"]["Value"], [dicom_data.sop_instance_uid(self.study, 2, 3)])
        self.assertEqual(metadata[0]["00280010"], {"vr": "US", "Value": [16]})
        self.assertEqual(metadata[0]["7FE00010"], {
            "vr": "OW", "BulkDataURI": f"http://127.0.0.1:{self.server.port}{self.instance_url(2, 3)}/bulkdata/7FE00010"})
        numbers = [one["00200013"]["Value"][0] for one in self.get(series + "/metadata").json()]
        self.assertEqual(numbers, [1, 2, 3])

    def test_metadata_of_many_instances_is_streamed(self):
        self.store(*dicom_data.study(self.study, series=1, instances=300, PatientComments="a" * 3000))
        for headers in ({}, {"Accept_Encoding": "gzip"}):
            answer = self.get(self.url + "/metadata", **headers)
            self.assertEqual(answer.headers["Transfer-Encoding"], "chunked")
            self.assertEqual([one["00200013"]["Value"][0] for one in answer.json()], list(range(1, 301)))
        self.assertEqual(answer.headers["Content-Encoding"], "gzip")
        answer = self.get(self.url + "/metadata", 'multipart/related; type="application/dicom+xml"')
        self.assertEqual(len(contents(answer)), 300)

    def test_metadata_as_xml(self):
        self.store(dicom_data.instance(self.study, PatientName="Yamada^Tarou=山田^太郎", PixelSpacing=["0.5", "0.25"],
                                       elements={0x00091001: ("OB", b"\1\2\3\4"), 0x00090010: ("LO", "ACME"),
                                                 0x00189087: ("FD", [0.5]), 0x00280009: ("AT", [0x00181063])}))
        answer = self.get(self.url + "/metadata", "multipart/related; type=application/dicom+xml")
        (headers, content), = parts(answer)
        self.assertEqual(headers["Content-Type"], "application/dicom+xml")
        attributes = {one.get("tag"): one for one in ElementTree.fromstring(content)}
        name = attributes["00100010"].find(MODEL + "PersonName")
        self.assertEqual(name.find(f"{MODEL}Ideographic/{MODEL}FamilyName").text, "山田")
        self.assertEqual([value.text for value in attributes["00280030"]], ["0.5", "0.25"])
        self.assertEqual(attributes["00189087"][0].text, "0.5")
        self.assertEqual(attributes["00280009"][0].text, "00181063")
        self.assertEqual(attributes["00280010"].get("keyword"), "Rows")
        self.assertEqual(attributes["00090001"].get("privateCreator"), "ACME")
        self.assertEqual(attributes["00090001"].find(MODEL + "InlineBinary").text, "AQIDBA==")
        self.assertIn("/bulkdata/7FE00010", attributes["7FE00010"].find(MODEL + "BulkData").get("uri"))

    def test_what_accept_says_of_metadata(self):
        self.store(dicom_data.instance(self.study))
        path = self.url + "/metadata"
        for accept in ("*/*", "application/dicom+json", "application/json", "application/*;q=0.1",
                       "image/png, application/dicom+json", "text/html, */*;q=0.1"):
            self.assertIn("json", self.get(path, accept).headers["Content-Type"])
        self.assertIn("xml", self.get(path + "?accept=multipart/related;type=application/dicom%2Bxml").headers["Content-Type"])
        self.refused(path, 406, 'application/dicom+json or', "text/html")
        self.refused(path, 406, 'application/dicom+json or', "application/dicom+xml")
        self.refused("/dicomweb/studies/1.2.3/metadata", 404, "1.2.3")
        self.refused("/dicomweb/studies/1.2.x/metadata", 400, "UID")

    def test_two_accept_fields(self):
        self.store(dicom_data.instance(self.study))
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
        connection.putrequest("GET", self.url + "/metadata")
        connection.putheader("Accept", "text/html")
        connection.putheader("Accept", "application/dicom+json;q=0.5")
        connection.endheaders()
        self.assertEqual(connection.getresponse().status, 200)
        connection.close()

    # --- instances --------------------------------------------------------------------------------

    def test_a_study_comes_out_as_it_went_in(self):
        objects = dicom_data.study(self.study, series=2, instances=20, rows=128, columns=128)
        self.store(*objects)
        for accept in (None, DICOM, "multipart/related; type=application/dicom; transfer-syntax=*", "*/*",
                       DICOM + '; transfer-syntax="1.2.840.10008.1.2.1"'):
            answer = self.get(self.url, accept)
            self.assertEqual(sorted(contents(answer)), sorted(objects))
        headers = parts(answer)[0][0]
        self.assertEqual(headers["Content-Type"], "application/dicom; transfer-syntax=1.2.840.10008.1.2.1")
        self.assertIn(self.url + "/series/", headers["Content-Location"])
        self.assertEqual(len(contents(self.get(self.instance_url().rsplit("/instances", 1)[0]))), 20)

    def test_one_instance(self):
        content = dicom_data.instance(self.study, rows=256, columns=256)
        self.store(content)
        self.assertEqual(contents(self.get(self.instance_url())), [content])
        answer = self.get(self.instance_url(), "application/dicom")
        self.assertEqual(answer.headers["Content-Type"], "application/dicom; transfer-syntax=1.2.840.10008.1.2.1")
        self.assertEqual(answer.headers["Content-Length"], str(len(content)))
        self.assertEqual(answer.body, content)
        self.assertEqual(self.server.request("HEAD", self.instance_url()).status, 200)
        self.refused(self.instance_url(2, 1), 404, "no instance")
        self.refused(self.instance_url(), 406, "application/zip", "image/png")

    def test_one_application_dicom_is_one_instance(self):
        self.store(*dicom_data.study(self.study, series=1, instances=2))
        self.refused(self.url, 406, "multipart/related", "application/dicom")

    def test_other_encodings_become_explicit_little_endian(self):
        for number, syntax in enumerate((dicom_data.IMPLICIT, dicom_data.BIG_ENDIAN, dicom_data.DEFLATED), 1):
            self.store(dicom_data.instance(self.study, 1, number, transfer_syntax=syntax, rows=200, columns=200,
                                           StudyDescription=syntax))
            expected = dicom_data.instance(self.study, 1, number, rows=200, columns=200, StudyDescription=syntax)
            data_set = expected[expected.index(b"\x08\0\x05\0CS"):]
            for accept in ("application/dicom", "application/dicom; transfer-syntax=1.2.840.10008.1.2.1"):
                answer = self.get(self.instance_url(1, number), accept)
                self.assertIn("1.2.840.10008.1.2.1", answer.headers["Content-Type"])
                self.assertTrue(answer.body.endswith(data_set), syntax)
#As it is stored is possible only for the last.
        answer = self.get(self.instance_url(1, 3), "application/dicom; transfer-syntax=*")
        self.assertIn(dicom_data.DEFLATED, answer.headers["Content-Type"])
        self.assertEqual(answer.body, dicom_data.instance(
            self.study, 1, 3, transfer_syntax=dicom_data.DEFLATED, rows=200, columns=200,
            StudyDescription=dicom_data.DEFLATED))
        answer = self.get(self.instance_url(1, 1), "application/dicom; transfer-syntax=*")
        self.assertIn("1.2.840.10008.1.2.1", answer.headers["Content-Type"])
        self.refused(self.instance_url(1, 1), 406, "transfer-syntax",
                     "application/dicom; transfer-syntax=1.2.840.10008.1.2")

    def test_zip(self):
        objects = dicom_data.study(self.study, series=2, instances=20, rows=64, columns=64)
        self.store(*objects)
        answer = self.get(self.url, "application/zip")
        self.assertIn(dicom_data.study_uid(self.study), answer.headers["Content-Disposition"])
        archive = zipfile.ZipFile(io.BytesIO(answer.body))
        self.assertIsNone(archive.testzip())
        self.assertEqual(sorted(archive.read(name) for name in archive.namelist()), sorted(objects))
        self.assertIn(f"{dicom_data.series_uid(self.study, 1)}/{dicom_data.sop_instance_uid(self.study, 1, 1)}.dcm",
                      archive.namelist())

    def test_a_client_that_goes_away(self):
        self.store(*dicom_data.study(self.study, series=1, instances=20, rows=1000, columns=1000))
        for accept in (DICOM, "application/zip"):
            connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
            connection.request("GET", self.url, headers={"Accept": accept})
            self.assertEqual(len(connection.getresponse().read(10_000)), 10_000)
            connection.close()
        self.get("/dicomweb/problems")

    def test_a_file_that_is_gone(self):
        self.store(dicom_data.instance(self.study))
        for path in (Path(self.folder.name) / "dicom").rglob(f"{dicom_data.study_uid(self.study)}/*.dcm*"):
            path.unlink()
        self.refused(self.instance_url(), 503, "is missing")
        self.refused(self.instance_url() + "/frames/1", 503, "is missing")
        self.assertEqual(len(self.get(self.url + "/metadata").json()), 1)

    # --- frames -----------------------------------------------------------------------------------

    def test_frames_of_a_native_object(self):
        frames = [bytes([number]) * (300 * 200 * 2) for number in range(1, 6)]
        for series, syntax in enumerate((dicom_data.EXPLICIT, dicom_data.IMPLICIT, dicom_data.DEFLATED), 1):
            self.store(dicom_data.instance(self.study, series, 1, rows=300, columns=200, NumberOfFrames=5,
                                           pixels=b"".join(frames), transfer_syntax=syntax))
            path = self.instance_url(series) + "/frames/"
            for accept in (OCTETS, OCTETS + "; transfer-syntax=*", OCTETS + '; transfer-syntax="*"', "*/*", None,
                           "multipart/related; type=application/octet-stream; transfer-syntax=*",
                           OCTETS + "; transfer-syntax=1.2.840.10008.1.2.1"):
                (headers, content), = parts(self.get(path + "2", accept))
                self.assertEqual(headers["Content-Type"],
                                 "application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1")
                self.assertEqual(content, frames[1])
                self.assertTrue(headers["Content-Location"].endswith(path + "2"))
            self.assertEqual(contents(self.get(path + "5,1,1")), [frames[4], frames[0], frames[0]])
            answer = self.get(path + "3", "application/octet-stream")
            self.assertEqual(answer.body, frames[2])
        self.refused(path + "6", 404, "has 5")
        self.refused(path + "0", 400, "numbers from 1")
        self.refused(path + "1,,2", 400, "numbers from 1")
        self.refused(path + "x", 400, "numbers from 1")
        self.refused(path + "1", 406, "application/octet-stream", "image/gif")
        self.refused(path + "1,2", 406, "multipart", "application/octet-stream")

    def test_frames_of_big_endian(self):
        values = list(range(0, 1000, 7))
        pixels = struct.pack(f">{len(values)}H", *values)
        self.store(dicom_data.instance(self.study, rows=1, columns=len(values), pixels=pixels,
                                       transfer_syntax=dicom_data.BIG_ENDIAN))
        little = struct.pack(f"<{len(values)}H", *values)
        self.assertEqual(contents(self.get(self.instance_url() + "/frames/1")), [little])
        path = self.instance_url() + "/bulkdata/7FE00010"
        self.assertEqual(self.get(path).body, little)
        self.assertEqual(self.get(path, status=206, Range="bytes=3-10").body, little[3:11])

    def test_frames_of_one_bit(self):
        bits = "".join(f"{number * 5 % 8:03b}" for number in range(15))  # five frames of 3x3
        packed = int(bits[::-1], 2).to_bytes(6, "little")
        self.store(dicom_data.segmentation(self.study, 1, rows=3, columns=3, NumberOfFrames=5, PixelData=packed))
        for frame in range(5):
            expected = int(bits[frame * 9:frame * 9 + 9][::-1], 2).to_bytes(2, "little")
            self.assertEqual(contents(self.get(f"{self.instance_url()}/frames/{frame + 1}")), [expected])

    def test_frames_of_an_encapsulated_object(self):
        frames = [JPEG_2000_START + bytes([number % 251]) * number * 7 + b"\0" * (number % 2) for number in range(1, 601)]
        self.store(dicom_data.instance(self.study, NumberOfFrames=600, pixels=frames,
                                       transfer_syntax="1.2.840.10008.1.2.4.91"))
        path = self.instance_url() + "/frames/"
        for accept, kind in ((OCTETS + "; transfer-syntax=*", "application/octet-stream"),
                             ("multipart/related; type=image/jp2; transfer-syntax=1.2.840.10008.1.2.4.91", "image/jp2"),
                             ('multipart/related; type="image/jp2"', "image/jp2"), ("multipart/related; type=image/*", "image/jp2"),
                             (OCTETS + ";q=0.1, multipart/related; type=image/jp2; transfer-syntax=*", "image/jp2")):
            answer = self.get(path + "300", accept)
            (headers, content), = parts(answer)
            self.assertEqual(headers["Content-Type"], kind + "; transfer-syntax=1.2.840.10008.1.2.4.91")
            self.assertIn(f'type="{kind}"', answer.headers["Content-Type"])
            self.assertEqual(content, frames[299])
        answer = self.get(path + "1,256,257,600", OCTETS + "; transfer-syntax=*")
        self.assertEqual(contents(answer), [frames[0], frames[255], frames[256], frames[599]])
        answer = self.get(self.instance_url() + "/bulkdata/7FE00010", OCTETS + "; transfer-syntax=*")
        self.assertEqual(contents(answer), frames)
        self.refused(path + "1", 406, "image/jp2", 'multipart/related; type="image/gif"')

    def test_a_frame_of_many_fragments(self):
        self.store(dicom_data.instance(self.study, NumberOfFrames=2, transfer_syntax="1.2.840.10008.1.2.4.81",
                                       pixels=[b"\xff\xd8aa", b"bb", b"\xff\xd8cc", b"dd", b"ee"]))
        answer = self.get(self.instance_url() + "/frames/2,1", OCTETS + "; transfer-syntax=*")
        self.assertEqual(contents(answer), [b"\xff\xd8ccddee", b"\xff\xd8aabb"])

    def test_frames_that_cannot_be_told_apart(self):
        self.store(dicom_data.instance(self.study, NumberOfFrames=2, transfer_syntax="1.2.840.10008.1.2.4.81",
                                       pixels=[b"aaaa", b"bb", b"cc"]))
        self.refused(self.instance_url() + "/frames/1", 404, "told apart", OCTETS + "; transfer-syntax=*")

    def test_a_video_is_one_stream(self):
        self.store(dicom_data.instance(self.study, NumberOfFrames=90, transfer_syntax="1.2.840.10008.1.2.4.102",
                                       pixels=[b"ftypmp42" * 1000, b"mdat" * 50_000]))
        answer = self.get(self.instance_url() + "/frames/1", "video/mp4")
        self.assertEqual(answer.body, b"ftypmp42" * 1000 + b"mdat" * 50_000)
        self.assertEqual(answer.headers["Content-Type"], "video/mp4; transfer-syntax=1.2.840.10008.1.2.4.102")
        self.refused(self.instance_url() + "/frames/2", 404, "has 1")

    def test_no_pixel_data(self):
        self.store(dicom_data.report(self.study, 1))
        self.refused(self.instance_url() + "/frames/1", 404, "no pixel data")

    # --- bulk data --------------------------------------------------------------------------------

    def test_every_bulk_data_uri_leads_to_its_value(self):
        document = os.urandom(200_000)
        curve = os.urandom(5_000)
        for series, syntax in enumerate((dicom_data.EXPLICIT, dicom_data.IMPLICIT, dicom_data.DEFLATED), 1):
            self.store(dicom_data.pdf(self.study, series, document=document, transfer_syntax=syntax, elements={
                0x54000100: ("SQ", [{}, {"EncapsulatedDocument": curve}])}))
            metadata, = self.get(self.instance_url(series) + "/metadata").json()
            for element, expected in ((metadata["00420011"], document),
                                      (metadata["54000100"]["Value"][1]["00420011"], curve)):
                path = element["BulkDataURI"].split(str(self.server.port), 1)[1]
                self.assertEqual(self.get(path).body, expected)
                self.assertEqual(contents(self.get(path, OCTETS)), [expected])
        self.refused(self.instance_url() + "/bulkdata/00420010", 404, "no bulk data at 00420010")
        self.refused(self.instance_url() + "/bulkdata/x/y/z", 404, "no bulk data at x/y/z")
        self.refused(path, 406, "application/octet-stream", "image/png")

    def test_range(self):
        pixels = os.urandom(512 * 512 * 2)
        self.store(dicom_data.instance(self.study, rows=512, columns=512, pixels=pixels))
        path = self.instance_url() + "/bulkdata/7FE00010"
        whole = self.get(path)
        self.assertEqual((whole.body, whole.headers["Accept-Ranges"]), (pixels, "bytes"))
        for given, first, last in (("0-0", 0, 0), ("1000-1999", 1000, 1999), ("100-", 100, len(pixels) - 1),
                                   ("-100", len(pixels) - 100, len(pixels) - 1)):
            answer = self.get(path, status=206, Range=f"bytes={given}")
            self.assertEqual(answer.body, pixels[first:last + 1])
            self.assertEqual(answer.headers["Content-Range"], f"bytes {first}-{last}/{len(pixels)}")
        answer = self.get(path, status=416, Range=f"bytes={len(pixels)}-")
        self.assertEqual(answer.headers["Content-Range"], f"bytes */{len(pixels)}")
        self.assertEqual(self.get(path, Range="bytes=0-1,5-6").body, pixels)

    def test_what_is_replaced_or_deleted_is_gone(self):
        self.store(*dicom_data.study(self.study, series=1, instances=2))
        self.assertEqual(self.server.request("DELETE", self.instance_url(1, 1)).status, 204)
        self.refused(self.instance_url(1, 1) + "/frames/1", 404, "no instance")
        self.assertEqual(len(self.get(self.url + "/metadata").json()), 1)
        self.assertEqual(len(contents(self.get(self.url))), 1)


class CompressedRetrieveTest(RetrieveTest):
    """The same where objects are kept compressed: nobody can tell."""
    FLAGS = ("--compress", "zstd")

    @classmethod
    def tearDownClass(cls):
        kept = list((Path(cls.folder.name) / "dicom").rglob("*.dcm.zst"))
        super().tearDownClass()
        assert kept, "nothing was compressed"


if __name__ == "__main__":
    unittest.main()

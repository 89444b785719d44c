"""Rendering and transcoding through the front door, beside DCMTK's own: what dcm2pnm and dcmdjpeg make of the same
objects must be what the server shows."""

import shutil
import struct
import subprocess
import tempfile
import unittest
import zlib
from pathlib import Path

import dicom_data
from lightbox import Server
from retrieve_test import OCTETS, contents

ROWS, COLUMNS = 40, 64
TOOLS = all(shutil.which(tool) for tool in ("dcm2pnm", "dcmcjpeg", "dcmcjpls", "dcmcrle", "dcmj2pnm"))
# Transfer syntaxes that DCMTK's tools write, and how.
ENCODERS = {"1.2.840.10008.1.2.4.70": ["dcmcjpeg", "+e1"], "1.2.840.10008.1.2.4.57": ["dcmcjpeg", "+el"],
            "1.2.840.10008.1.2.4.80": ["dcmcjpls", "+el"], "1.2.840.10008.1.2.5": ["dcmcrle"]}
WRITTEN = [*ENCODERS, "1.2.840.10008.1.2.4.90"]


def picture(content):
    """(columns, rows, channels, bytes) of a PNG or PNM."""
    if content[:2] in (b"P5", b"P6"):
        kind, columns, rows, _, pixels = content.split(maxsplit=4) if content[2:3] != b"\n" else (
            content.split(b"\n", 3)[0], *content.split(b"\n", 3)[1].split(), None, content.split(b"\n", 3)[3])
        return int(columns), int(rows), 1 if kind == b"P5" else 3, pixels
    assert content.startswith(b"\x89PNG"), content[:100]
    at, data = 8, b""
    while at < len(content):
        length, kind = struct.unpack(">I4s", content[at:at + 8])
        body = content[at + 8:at + 8 + length]
        if kind == b"IHDR":
            columns, rows, _, color = struct.unpack(">IIBB", body[:10])
        data += body if kind == b"IDAT" else b""
        at += 12 + length
    channels = {0: 1, 2: 3}[color]
    raw, stride, above, pixels = zlib.decompress(data), columns * channels, bytes(columns * channels), b""
    for row in range(rows):
        kind, line = raw[row * (stride + 1)], bytearray(raw[row * (stride + 1) + 1:(row + 1) * (stride + 1)])
        for x in range(stride):
            left = line[x - channels] if x >= channels else 0
            corner = above[x - channels] if x >= channels else 0
            near = min((left, above[x], corner), key=lambda value: abs(left + above[x] - corner - value))
            line[x] = (line[x] + (0, left, above[x], (left + above[x]) // 2, near)[kind]) & 255
        pixels += bytes(line)
        above = bytes(line)
    return columns, rows, channels, pixels


def gradient(function, form="<H"):
    return b"".join(struct.pack(form, function(x, y)) for y in range(ROWS) for x in range(COLUMNS))


def words(*values):
    return struct.pack(f"<{len(values)}H", *values)


class RenderedTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.server = Server(cls.folder.name, "--dimse", "off")
        cls.next_study = 900

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__()
        cls.folder.cleanup()

    def setUp(self):
        RenderedTest.next_study += 1
        self.study = RenderedTest.next_study
        self.number = 0
        self.url = f"/dicomweb/studies/{dicom_data.study_uid(self.study)}"

    def image(self, **attributes):
        self.number += 1
        return dicom_data.instance(self.study, 1, self.number, **{"rows": ROWS, "columns": COLUMNS, **attributes})

    def store(self, content):
        answer = self.server.request("POST", "/dicomweb/studies", content, {"Content-Type": "application/dicom"})
        self.assertEqual(answer.status, 200, answer)
        return (f"{self.url}/series/{dicom_data.series_uid(self.study, 1)}/instances/"
                f"{dicom_data.sop_instance_uid(self.study, 1, self.number)}")

    def get(self, path, accept="image/png", status=200):
        answer = self.server.get(path, Accept=accept)
        self.assertEqual(answer.status, status, answer)
        return answer

    def run_tool(self, content, *command):
        """What one of DCMTK's tools makes of an object."""
        with tempfile.TemporaryDirectory() as folder:
            source, target = Path(folder) / "in.dcm", Path(folder) / "out"
            source.write_bytes(content)
            done = subprocess.run([*command, str(source), str(target)], capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stderr)
            return target.read_bytes()

    def assert_alike(self, ours, theirs, most=1):
        self.assertEqual(ours[:3], theirs[:3])
        self.assertEqual(len(ours[3]), len(theirs[3]))
        worst = max(abs(a - b) for a, b in zip(ours[3], theirs[3]))
        self.assertLessEqual(worst, most)
        self.assertGreater(len(set(ours[3])), 1)

    def compare(self, content, *flags, query="", most=1):
        """The server's picture of an object with dcm2pnm's."""
        path = self.store(content)
        ours = picture(self.get(path + "/rendered" + query).body)
        self.assert_alike(ours, picture(self.run_tool(content, "dcm2pnm", "+op", *flags)), most)
        return ours

    # --- grayscale ---------------------------------------------------------------------------------

    CT = {"RescaleSlope": "1", "RescaleIntercept": "-1024", "WindowCenter": "40", "WindowWidth": "400"}

    @unittest.skipUnless(TOOLS, "dcmtk is missing")
    def test_windows(self):
        pixels = gradient(lambda x, y: x * 60 + y)
        self.compare(self.image(pixels=pixels, **self.CT), "+Wi", "1")
        self.compare(self.image(pixels=pixels, **self.CT), "+Ww", "100", "700", query="?window=100,700,linear")
        self.compare(self.image(pixels=pixels, **self.CT), "+Ww", "100", "700", "+Wfs",
                     query="?window=100,700,sigmoid", most=2)
        self.compare(self.image(pixels=pixels), "+Wm")
        self.compare(self.image(pixels=pixels, RescaleSlope="2.5", RescaleIntercept="-7"), "+Wm")

    @unittest.skipUnless(TOOLS, "dcmtk is missing")
    def test_sample_formats(self):
        signed = gradient(lambda x, y: (x * 50 - 1600 + y), "<h")
        self.compare(self.image(pixels=signed, PixelRepresentation=1, BitsStored=16, HighBit=15), "+Wm")
        twelve = gradient(lambda x, y: (x * 50 - 1600 + y) & 0xFFF)
        self.compare(self.image(pixels=twelve, PixelRepresentation=1), "+Wm")
        shifted = gradient(lambda x, y: (x * 60 + y) << 4)
        self.compare(self.image(pixels=shifted, HighBit=15), "+Wm")
        eight = gradient(lambda x, y: (x * 4 + y) & 255, "<B")
        for photometric in ("MONOCHROME2", "MONOCHROME1"):
            self.compare(self.image(pixels=eight, BitsAllocated=8, BitsStored=8, HighBit=7,
                                    PhotometricInterpretation=photometric))
            self.compare(self.image(pixels=gradient(lambda x, y: x * 60 + y), PhotometricInterpretation=photometric,
                                    **self.CT), "+Wi", "1")
        big = b"".join(struct.pack(">H", x * 60 + y) for y in range(ROWS) for x in range(COLUMNS))
        self.compare(self.image(pixels=big, transfer_syntax=dicom_data.BIG_ENDIAN, **self.CT), "+Wi", "1")

    def test_32_bits_and_floating_point(self):
        thirty_two = gradient(lambda x, y: x * 1_000_000 + y, "<I")
        path = self.store(self.image(pixels=thirty_two, BitsAllocated=32, BitsStored=32, HighBit=31))
        expected = bytes(round((x * 1_000_000 + y) / (63 * 1_000_000 + 39) * 255)
                         for y in range(ROWS) for x in range(COLUMNS))
        self.assert_alike(picture(self.get(path + "/rendered").body), (COLUMNS, ROWS, 1, expected))
        for tag, vr, form in ((0x7FE00008, "OF", "<f"), (0x7FE00009, "OD", "<d")):
            values = gradient(lambda x, y: x / 100 - 0.3, form)
            path = self.store(self.image(pixels=False, elements={tag: (vr, values)}))
            expected = bytes(round(x / 63 * 255) for y in range(ROWS) for x in range(COLUMNS))
            self.assert_alike(picture(self.get(path + "/rendered").body), (COLUMNS, ROWS, 1, expected))

    @unittest.skipUnless(TOOLS, "dcmtk is missing")
    def test_lookup_tables(self):
        pixels = gradient(lambda x, y: x * 4, "<H")
        table = words(*[(value * value) // 256 for value in range(256)])
        item = {"LUTDescriptor": [256, 0, 8], "LUTData": table}
        form = {"pixels": pixels, "BitsStored": 8, "HighBit": 7}
        self.compare(self.image(ModalityLUTSequence=[item], **form), "+Ww", "100", "200", query="?window=100,200", most=2)
        self.compare(self.image(VOILUTSequence=[item], **form), "+Wl", "1", most=2)

    @unittest.skipUnless(TOOLS, "dcmtk is missing")
    def test_overlays(self):
        bits = bytearray(ROWS * COLUMNS // 8)
        for at in range(0, ROWS * COLUMNS, 7):
            bits[at // 8] |= 1 << at % 8
        content = self.image(pixels=gradient(lambda x, y: x * 30), elements={
            0x60000010: ("US", ROWS), 0x60000011: ("US", COLUMNS), 0x60000040: ("CS", "G"),
            0x60000050: ("SS", [3, 5]), 0x60000100: ("US", 1), 0x60000102: ("US", 0), 0x60003000: ("OW", bytes(bits))})
        self.compare(content, "+Wm")

    # --- color -------------------------------------------------------------------------------------

    def color(self, pixels, photometric, planar=0, **more):
        return self.image(modality="US", pixels=pixels, SamplesPerPixel=3, PhotometricInterpretation=photometric,
                          BitsAllocated=8, BitsStored=8, HighBit=7, elements={0x00280006: ("US", planar)}, **more)

    @unittest.skipUnless(TOOLS, "dcmtk is missing")
    def test_color(self):
        pixels = [(x * 4, y * 6, (x + y) * 2) for y in range(ROWS) for x in range(COLUMNS)]
        interleaved = b"".join(map(bytes, pixels))
        planes = b"".join(bytes(pixel[channel] for pixel in pixels) for channel in range(3))
        first = self.compare(self.color(interleaved, "RGB"))
        self.assertEqual(first[3], interleaved)
        self.assertEqual(self.compare(self.color(planes, "RGB", 1)), first)
        self.compare(self.color(interleaved, "YBR_FULL"), most=2)
        self.compare(self.color(planes, "YBR_FULL", 1), most=2)
        halved = b"".join(bytes((a[0], b[0], a[1], a[2])) for a, b in zip(pixels[::2], pixels[1::2]))
        self.compare(self.color(halved, "YBR_FULL_422"), most=2)

    @unittest.skipUnless(TOOLS, "dcmtk is missing")
    def test_palette(self):
        elements = {}
        for channel in range(3):
            elements[0x00281101 + channel] = ("US", [256, 0, 16])
            elements[0x00281201 + channel] = ("OW", words(*[(value * (channel + 1) % 256) * 257 for value in range(256)]))
        content = self.image(pixels=gradient(lambda x, y: (x * 4 + y) & 255, "<B"), BitsAllocated=8, BitsStored=8,
                             HighBit=7, PhotometricInterpretation="PALETTE COLOR", elements=elements)
        self.compare(content)

    # --- compressed --------------------------------------------------------------------------------

    @unittest.skipUnless(TOOLS, "dcmtk is missing")
    def test_every_lossless_codec_shows_and_gives_the_same(self):
        gray = gradient(lambda x, y: (x * 61 + y * 7) & 0xFFF)
        rgb = b"".join(bytes((x * 4, y * 6, (x + y) * 2)) for y in range(ROWS) for x in range(COLUMNS))
        for make, pixels in ((lambda: self.image(pixels=gray, **self.CT), gray), (lambda: self.color(rgb, "RGB"), rgb)):
            native = make()
            shown = picture(self.get(self.store(native) + "/rendered").body)
            self.server.request("DELETE", self.url)
            for syntax, tool in ENCODERS.items():
                path = self.store(self.run_tool(native, *tool))
                self.assertEqual(picture(self.get(path + "/rendered").body), shown, syntax)
                self.assertEqual(contents(self.get(path + "/frames/1", OCTETS)), [pixels], syntax)
                self.server.request("DELETE", self.url)

    @unittest.skipUnless(TOOLS, "dcmtk is missing")
    def test_transcoding_there_and_back(self):
        gray = gradient(lambda x, y: (x * 61 + y * 7) & 0xFFF) + gradient(lambda x, y: (x * 17 + y * 3) & 0xFFF)
        rgb = b"".join(bytes((x * 4, y * 6, (x + y) * 2)) for y in range(ROWS) for x in range(COLUMNS))
        for make, pixels in ((lambda: self.image(pixels=gray, NumberOfFrames=2, **self.CT), gray),
                             (lambda: self.color(rgb, "RGB"), rgb)):
            native = make()
            path = self.store(native)
            shown = picture(self.get(path + "/frames/1/rendered").body)
            for syntax in WRITTEN:
                answer = self.get(path, f"application/dicom; transfer-syntax={syntax}")
                self.assertIn(syntax, answer.headers["Content-Type"])
                self.assertIn(syntax.encode(), answer.body[:400])
                self.server.request("DELETE", self.url)
                self.assertEqual(self.store(answer.body), path)
                back = self.get(path, "application/dicom")
                self.assertIn("1.2.840.10008.1.2.1", back.headers["Content-Type"])
                self.assertIn(pixels, back.body, syntax)
                self.assertEqual(picture(self.get(path + "/frames/1/rendered").body), shown, syntax)
                frames = b"".join(contents(self.get(self.url + path.split(self.url)[1] + "/bulkdata/7FE00010", OCTETS)))
                self.assertEqual(frames, pixels)
                if syntax != "1.2.840.10008.1.2.4.90":
                    decode = {"1.2.840.10008.1.2.5": "dcmdrle", "1.2.840.10008.1.2.4.80": "dcmdjpls"}
                    theirs = self.run_tool(answer.body, decode.get(syntax, "dcmdjpeg"))
                    self.assertIn(pixels, theirs, syntax)
                self.server.request("DELETE", self.url)
                self.store(native)
            self.server.request("DELETE", self.url)

    @unittest.skipUnless(TOOLS, "dcmtk is missing")
    def test_lossy_jpeg(self):
        rgb = b"".join(bytes((x * 4, y * 6, (x + y) * 2)) for y in range(ROWS) for x in range(COLUMNS))
        content = self.run_tool(self.color(rgb, "RGB"), "dcmcjpeg", "+eb", "+q", "90", "+un")
        path = self.store(content)
        theirs = picture(self.run_tool(content, "dcmj2pnm", "+op"))
        self.assert_alike(picture(self.get(path + "/rendered").body), theirs, most=6)
        # It goes out as it is: nothing makes it what it was.
        answer = self.get(path, "application/dicom")
        self.assertEqual(answer.body, content)
        answer = self.get(path, "application/dicom; transfer-syntax=1.2.840.10008.1.2.1")
        self.assertIn(b"RGB", answer.body)
        twelve = self.image(pixels=gradient(lambda x, y: x * 60 + y), **self.CT)
        content = self.run_tool(twelve, "dcmcjpeg", "+ee", "+q", "95", "+un")
        path = self.store(content)
        theirs = picture(self.run_tool(content, "dcmj2pnm", "+op", "+Wi", "1"))
        self.assert_alike(picture(self.get(path + "/rendered").body), theirs, most=2)
        # And is made when it is asked for by name.
        path = self.store(self.color(rgb, "RGB"))
        answer = self.get(path, "application/dicom; transfer-syntax=1.2.840.10008.1.2.4.50")
        theirs = picture(self.run_tool(answer.body, "dcmj2pnm", "+op"))
        self.assert_alike(picture(self.get(path + "/rendered").body), theirs, most=24)
        self.assertIn(b"ISO_10918_1", answer.body)
        frame, = contents(self.get(path + "/frames/1", 'multipart/related; type="image/jpeg"; '
                                   "transfer-syntax=1.2.840.10008.1.2.4.50"))
        self.assertEqual(frame[:2], b"\xff\xd8")

    def test_what_is_damaged(self):
        for syntax in (dicom_data.JPEG, dicom_data.JPEG_LOSSLESS, dicom_data.JPEG_LS, dicom_data.JPEG_2000,
                       dicom_data.HTJ2K, dicom_data.RLE):
            path = self.store(self.image(transfer_syntax=syntax, pixels=[b"\xff\xd8 no image at all \xff\xd9"]))
            self.assertIn(self.server.get(path + "/rendered").status, (422,), syntax)
            self.assertIn(self.server.get(path + "/thumbnail").status, (422,), syntax)
            self.assertEqual(self.server.get(path + "/frames/1", Accept=OCTETS).status, 422, syntax)
            self.assertEqual(self.server.get(path + "/frames/1", Accept=OCTETS + "; transfer-syntax=*").status, 200)

    # --- what is asked for -------------------------------------------------------------------------

    def test_viewport(self):
        pixels = gradient(lambda x, y: x * 4, "<B")
        path = self.store(self.image(pixels=pixels, BitsAllocated=8, BitsStored=8, HighBit=7)) + "/rendered"
        for viewport, size in (("32,32", (32, 20)), ("128,80", (128, 80)), ("1000,20", (32, 20)), ("1,1", (1, 1)),
                               ("10,10,0,0,20,20", (10, 10)), ("64,40,32,0,,", (32, 40)), ("10,10,60,30,20,20", (4, 10))):
            self.assertEqual(picture(self.get(f"{path}?viewport={viewport}").body)[:2], size, viewport)
        cut = picture(self.get(path + "?viewport=16,40,16,0,16,40").body)
        self.assertEqual(cut[3][:16], bytes(range(64, 128, 4)))
        mirrored = picture(self.get(path + "?viewport=16,40,16,0,-16,40").body)
        self.assertEqual(mirrored[3][:16], bytes(range(64, 128, 4))[::-1])
        for viewport in ("1", "0,5", "a,b", "5,5,5", "5,5,-1,0,1,1", "70000,1"):
            self.get(f"{path}?viewport={viewport}", status=400)
        self.get(path + "?viewport=5,5,64,0,1,1", status=400)
        self.get(path + "?viewport=60000,60000", status=413)

    def test_quality_and_media_types(self):
        path = self.store(self.image()) + "/rendered"
        low, high = (len(self.get(f"{path}?quality={quality}", "image/jpeg").body) for quality in (5, 100))
        self.assertLess(low, high)
        for accept in ("*/*", "image/*", "image/jpeg", "image/webp, image/*;q=0.5"):
            answer = self.get(path, accept)
            self.assertEqual((answer.headers["Content-Type"], answer.body[:2]), ("image/jpeg", b"\xff\xd8"))
        self.assertEqual(len(contents(self.get(path, 'multipart/related; type="image/png"'))), 1)
        self.get(path, "application/pdf", 406)
        for query in ("quality=0", "quality=x", "window=1", "window=1,0", "window=1,1,cubic", "iccprofile=yes"):
            self.get(f"{path}?{query}", status=400)

    def test_study_and_series(self):
        for number in range(1, 4):
            path = self.store(self.image(NumberOfFrames=2, pixels=bytes([number]) * ROWS * COLUMNS * 4))
        series = path.rsplit("/instances", 1)[0]
        for url, expected in ((self.url, 6), (series, 6)):
            self.assertEqual(len(contents(self.get(url + "/rendered", "*/*"))), expected)
            self.assertEqual(len(contents(self.get(url + "/rendered", 'multipart/related; type="image/png"'))), expected)
            self.get(url + "/rendered", "image/png", 406)
            self.assertEqual(picture(self.get(url + "/thumbnail").body)[:3], (256, 160, 1))
        self.assertEqual(len(contents(self.get(path + "/frames/2,1/rendered", "*/*"))), 2)
        self.assertEqual(picture(self.get(path + "/frames/2/rendered").body)[:2], (COLUMNS, ROWS))
        self.assertEqual(self.get(path + "/thumbnail", "image/jpeg").body[:2], b"\xff\xd8")
        self.assertEqual(picture(self.get(path + "/frames/1/thumbnail?viewport=16,16").body)[:2], (16, 10))
        self.get(path + "/frames/3/rendered", status=404)
        self.get("/dicomweb/studies/1.2.3/thumbnail", status=404)

    def test_no_image(self):
        self.number = 1
        path = self.store(dicom_data.report(self.study, 1))
        for url in (path, self.url):
            self.get(url + "/rendered", "*/*", 404)
            self.get(url + "/thumbnail", "*/*", 404)

    # --- the URI service ---------------------------------------------------------------------------

    def test_a_document_is_its_own_picture(self):
        for number, document in ((1, b"%PDF-1.4 short\n%%EOF"), (2, b"%PDF-1.4\n" + bytes(range(256)) * 40 + b"\n%%EOF")):
            self.store(dicom_data.pdf(study=self.study, number=number, document=document))
            path = (f"/dicomweb/studies/{dicom_data.study_uid(self.study)}/series/{dicom_data.series_uid(self.study, 93)}"
                    f"/instances/{dicom_data.sop_instance_uid(self.study, 93, number)}/rendered")
            answer = self.server.get(path, Accept="application/pdf")
            self.assertEqual((answer.status, answer.headers["Content-Type"]), (200, "application/pdf"))
            self.assertEqual(answer.body.rstrip(b"\0"), document)
            self.assertEqual(self.server.get(f"{path}?accept=application%2Fpdf").body, answer.body)
            self.assertEqual(self.server.get(path, Accept="image/png").status, 406)

    def test_wado_uri(self):
        content = self.image(pixels=gradient(lambda x, y: x * 60 + y), **self.CT)
        path = self.store(content)
        uids = (f"/wado?requestType=WADO&studyUID={dicom_data.study_uid(self.study)}&seriesUID="
                f"{dicom_data.series_uid(self.study, 1)}&objectUID={dicom_data.sop_instance_uid(self.study, 1, 1)}")
        self.assertEqual(self.get(uids, "*/*").headers["Content-Type"], "image/jpeg")
        self.assertEqual(self.get(uids + "&contentType=image/png").body, self.get(path + "/rendered").body)
        self.assertEqual(self.get(uids + "&contentType=application/dicom").body, content)
        answer = self.get(uids + "&contentType=application%2Fdicom&transferSyntax=1.2.840.10008.1.2.5")
        self.assertIn("1.2.840.10008.1.2.5", answer.headers["Content-Type"])
        windowed = self.get(uids + "&contentType=image/png&windowCenter=100&windowWidth=700")
        self.assertEqual(windowed.body, self.get(path + "/rendered?window=100,700,linear").body)
        annotated = self.get(uids + "&contentType=image/png&annotation=patient,technique")
        self.assertEqual(annotated.body, self.get(path + "/rendered?annotation=patient,technique").body)
        self.assertIn("logo", self.get(uids + "&annotation=logo", "*/*").headers["Warning"])
        for more, size in (("rows=20", (32, 20)), ("columns=32", (32, 20)), ("rows=10&columns=100", (16, 10)),
                           ("region=0.5,0,1,1", (32, 40)), ("region=0,0,0.5,0.5&columns=64", (64, 40))):
            self.assertEqual(picture(self.get(f"{uids}&contentType=image/png&{more}").body)[:2], size, more)
        for more, status in (("contentType=image/gif", 406), ("rows=0", 400), ("windowCenter=1", 400),
                             ("region=1,0,0,1", 400), ("region=1", 400), ("frameNumber=2", 404), ("frameNumber=x", 400),
                             ("annotation=", 400), ("anonymize=yes", 501), ("presentationUID=1.2", 400), ("imageQuality=101", 400)):
            self.get(f"{uids}&{more}", "*/*", status)
        self.get(uids.replace("requestType=WADO", "requestType=X"), status=400)
        self.get("/wado?requestType=WADO&studyUID=1.2", status=400)
        self.get(uids[:-1] + "9", status=404)


if __name__ == "__main__":
    unittest.main()

"""What is drawn and written into pictures, through the front door: annotations, and presentation states beside
DCMTK's own dcmp2pgm."""

import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import dicom_data
from lightbox import Server
from rendered_test import COLUMNS, ROWS, gradient, picture, words
from retrieve_test import contents

MULTIPART = 'multipart/related; type="image/png"'
WINDOW = {"WindowCenter": "1000", "WindowWidth": "1500"}


def area(left=1, top=1, right=COLUMNS, bottom=ROWS, **more):
    return {"DisplayedAreaTopLeftHandCorner": [left, top], "DisplayedAreaBottomRightHandCorner": [right, bottom],
            "PresentationSizeMode": "SCALE TO FIT", "PresentationPixelAspectRatio": ["1", "1"], **more}


class PresentedTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.server = Server(cls.folder.name, "--dimse", "off")
        cls.next_study = 1200

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__()
        cls.folder.cleanup()

    def setUp(self):
        PresentedTest.next_study += 1
        self.study = PresentedTest.next_study
        self.url = f"/dicomweb/studies/{dicom_data.study_uid(self.study)}"

    def store(self, content):
        answer = self.server.request("POST", "/dicomweb/studies", content, {"Content-Type": "application/dicom"})
        self.assertEqual(answer.status, 200, answer)
        return content

    def image(self, number=1, **attributes):
        form = {"pixels": gradient(lambda x, y: x * 60 + y), "rows": ROWS, "columns": COLUMNS, "RescaleSlope": "1",
                "RescaleIntercept": "-1024", "WindowCenter": "40", "WindowWidth": "400"}
        return self.store(dicom_data.instance(self.study, 1, number, **{**form, **attributes}))

    def state(self, number=1, **attributes):
        form = {"DisplayedAreaSelectionSequence": [area()], "SoftcopyVOILUTSequence": [WINDOW]}
        return self.store(dicom_data.presentation_state(self.study, number=number, **{**form, **attributes}))

    def path(self, series, number):
        return (f"{self.url}/series/{dicom_data.series_uid(self.study, series)}/instances/"
                f"{dicom_data.sop_instance_uid(self.study, series, number)}/rendered")

    def get(self, path, accept="image/png", status=200):
        answer = self.server.get(path, Accept=accept)
        self.assertEqual(answer.status, status, answer)
        return answer

    def shown(self, number=1, query=""):
        return picture(self.get(self.path(92, number) + query).body)

    def uri(self, **parameters):
        form = {"requestType": "WADO", "studyUID": dicom_data.study_uid(self.study),
                "seriesUID": dicom_data.series_uid(self.study, 1),
                "objectUID": dicom_data.sop_instance_uid(self.study, 1, 1),
                "presentationSeriesUID": dicom_data.series_uid(self.study, 92),
                "presentationUID": dicom_data.sop_instance_uid(self.study, 92, 1), "contentType": "image/png",
                **parameters}
        return "/wado?" + "&".join(f"{name}={value}" for name, value in form.items() if value is not None)

    # --- annotations -------------------------------------------------------------------------------

    def test_annotations(self):
        self.image(pixels=bytes(ROWS * COLUMNS * 2), SeriesDescription="Thin slices", KVP="120")
        path = self.path(1, 1)
        large = path + "?viewport=640,400"
        plain = picture(self.get(large).body)

        def drawn(query):
            """In which quarters of the picture (top left, top right, bottom left, bottom right) something is drawn."""
            answer = self.get(f"{large}&{query}")
            self.assertNotIn("Warning", answer.headers)
            shown = picture(answer.body)
            self.assertEqual(shown[:3], plain[:3])
            changed = {(at % 640 // 320, at // 640 // 200) for at in range(len(plain[3])) if plain[3][at] != shown[3][at]}
            return tuple(corner in changed for corner in ((0, 0), (1, 0), (0, 1), (1, 1)))

        self.assertEqual(drawn("annotation=patient"), (True, False, False, False))
        self.assertEqual(drawn("annotation=technique"), (False, True, True, True))
        self.assertEqual(drawn("annotation=technique,patient"), (True, True, True, True))
        # What it says is what is shown: another window, another text.
        other = self.get(large + "&annotation=technique&window=0,99,linear").body
        self.assertNotEqual(other, self.get(large + "&annotation=technique").body)
        # However small.
        for viewport in ("1,1", "7,7", "64,40"):
            self.get(f"{path}?viewport={viewport}&annotation=patient,technique")
        thumbnail = path.replace("/rendered", "/thumbnail")
        self.assertEqual(self.get(thumbnail + "?annotation=patient").body, self.get(thumbnail).body)
        answer = self.get(large + "&annotation=patient,logo,x-ray")
        self.assertTrue(answer.headers["Warning"].endswith(
            ": The following annotation values are not supported: logo,x-ray"), answer)
        self.assertEqual(answer.body, self.get(large + "&annotation=patient").body)
        for value in ("", "patient,", "a%20b", "%22"):
            self.get(f"{path}?annotation={value}", status=400)

    # --- grayscale, as DCMTK has it ----------------------------------------------------------------

    @unittest.skipUnless(shutil.which("dcmp2pgm"), "dcmtk is missing")
    def test_pictures_are_those_of_dcmp2pgm(self):
        table = {"LUTDescriptor": [256, 0, 16],
                 "LUTData": words(*[(value * value) for value in range(256)])}
        modality = {"RescaleSlope": "2", "RescaleIntercept": "-100", "elements": {0x00281054: ("LO", "US")}}
        voi_table = {"LUTDescriptor": [2048, 100, 12], "LUTData": words(*[value * 2 for value in range(2048)])}
        cases = {
            "window": {},
            "modality": {**modality},
            "inverse": {"PresentationLUTShape": "INVERSE"},
            "presentation LUT": {"PresentationLUTShape": None, "PresentationLUTSequence": [table]},
            "VOI LUT": {"SoftcopyVOILUTSequence": [{"VOILUTSequence": [voi_table]}]},
            "no VOI": {"SoftcopyVOILUTSequence": None},
            "turned and flipped": {"ImageRotation": 90, "ImageHorizontalFlip": "Y"},
        }
        for photometric in ("MONOCHROME2", "MONOCHROME1"):
            for name, attributes in cases.items():
                with self.subTest(name, photometric=photometric):
                    self.setUp()
                    image = self.image(PhotometricInterpretation=photometric)
                    state = self.state(**attributes)
                    ours = self.shown()
                    with tempfile.TemporaryDirectory() as folder:
                        names = [Path(folder) / name for name in ("image.dcm", "state.dcm", "out.pgm")]
                        names[0].write_bytes(image)
                        names[1].write_bytes(state)
                        done = subprocess.run(["dcmp2pgm", "-p", names[1], names[0], names[2]], capture_output=True,
                                              text=True)
                        self.assertEqual(done.returncode, 0, done.stderr)
                        _, size, pixels = names[2].read_bytes().split(b"\n", 2)
                        theirs = (*map(int, size.split()[:2]), 1, pixels)
                    self.assertEqual(ours[:3], theirs[:3])
                    # An entry of the presentation LUT more or less is 2 levels.
                    self.assertLessEqual(max(abs(a - b) for a, b in zip(ours[3], theirs[3])), 3)
                    self.assertGreater(len(set(ours[3])), 10)

    # --- geometry ----------------------------------------------------------------------------------

    def test_turned_flipped_and_cut(self):
        self.image()
        self.state(1)
        plain = self.shown(1)
        rows = [plain[3][row * COLUMNS:(row + 1) * COLUMNS] for row in range(ROWS)]
        turned = [bytes(column) for column in zip(*rows[::-1])]
        for number, (attributes, expected) in enumerate((
                ({"ImageHorizontalFlip": "Y"}, [row[::-1] for row in rows]),
                ({"ImageRotation": 180}, [row[::-1] for row in rows[::-1]]),
                ({"ImageRotation": 90}, turned),
                ({"ImageRotation": 90, "ImageHorizontalFlip": "Y"}, [row[::-1] for row in turned]),
                ({"DisplayedAreaSelectionSequence": [area(11, 5, 30, 14)]}, [row[10:30] for row in rows[4:14]]),
                ({"DisplayedAreaSelectionSequence": [area(-1, 1, 2, 1)]}, [b"\0\0" + rows[0][:2]])), 2):
            self.state(number, **attributes)
            self.assertEqual(self.shown(number), (len(expected[0]), len(expected), 1, b"".join(expected)), attributes)

    def test_sizes(self):
        self.image()
        magnified = area(11, 5, 30, 14, PresentationSizeMode="MAGNIFY", PresentationPixelMagnificationRatio=3.0)
        for number, (item, query, size) in enumerate((
                (area(), "?viewport=128,128", (128, 80)), (area(11, 5, 30, 14), "?viewport=40,40", (40, 20)),
                (area(PresentationSizeMode="TRUE SIZE"), "", (COLUMNS, ROWS)),
                (area(PresentationPixelAspectRatio=["2", "1"]), "", (COLUMNS, 2 * ROWS)),
                (magnified, "", (60, 30)), (magnified, "?viewport=50,50", (50, 30))), 1):
            self.state(number, DisplayedAreaSelectionSequence=[item])
            self.assertEqual(self.shown(number, query)[:2], size, item)

    def test_shutter_and_graphics(self):
        self.image()
        shutter = {"ShutterShape": "RECTANGULAR", "ShutterLeftVerticalEdge": "3", "ShutterRightVerticalEdge": "60",
                   "ShutterUpperHorizontalEdge": "2", "ShutterLowerHorizontalEdge": "39", "ShutterPresentationValue": 0x8000}
        line = {"GraphicAnnotationUnits": "PIXEL", "GraphicDimensions": 2, "NumberOfGraphicPoints": 2,
                "GraphicData": [10.5, 20.5, 50.5, 20.5], "GraphicType": "POLYLINE", "GraphicFilled": "N"}
        text = {"BoundingBoxAnnotationUnits": "DISPLAY", "UnformattedTextValue": "Bone",
                "BoundingBoxTopLeftHandCorner": [0.1, 0.6], "BoundingBoxBottomRightHandCorner": [0.9, 0.9],
                "BoundingBoxTextHorizontalJustification": "LEFT"}
        layer = {"GraphicLayer": "MARKS", "GraphicLayerOrder": "1", "GraphicLayerRecommendedDisplayGrayscaleValue": 0xC800}
        self.state(1)
        plain = self.shown(1)[3]
        self.state(2, GraphicLayerSequence=[layer], GraphicAnnotationSequence=[
            {"GraphicLayer": "MARKS", "GraphicObjectSequence": [line], "TextObjectSequence": [text]}], **shutter)
        drawn = self.shown(2)[3]
        self.assertEqual(set(drawn[:COLUMNS]), {0x80})
        self.assertEqual(drawn[5 * COLUMNS + 2:5 * COLUMNS + 60], plain[5 * COLUMNS + 2:5 * COLUMNS + 60])
        self.assertEqual(set(drawn[20 * COLUMNS + 10:20 * COLUMNS + 51]), {0xC8})
        text = slice(24 * COLUMNS, 36 * COLUMNS)
        self.assertGreater(sum(a != b for a, b in zip(drawn[text], plain[text])), 12 * 6 + 40)

    def test_overlays_are_those_that_a_layer_activates(self):
        self.image(elements={
            0x60000010: ("US", ROWS), 0x60000011: ("US", COLUMNS), 0x60000040: ("CS", "G"), 0x60000050: ("SS", [1, 1]),
            0x60000100: ("US", 1), 0x60000102: ("US", 0), 0x60003000: ("OW", b"\xff" * (COLUMNS // 8) + bytes(8 * 39))})
        self.state(1)
        self.state(2, elements={0x60001001: ("CS", "MARKS")}, GraphicLayerSequence=[
            {"GraphicLayer": "MARKS", "GraphicLayerOrder": "1", "GraphicLayerRecommendedDisplayGrayscaleValue": 0x6400}])
        plain, active = self.shown(1)[3], self.shown(2)[3]
        self.assertEqual(active, b"\x64" * COLUMNS + plain[COLUMNS:])
        self.assertGreater(len(set(plain[:COLUMNS])), 10)

    def test_color(self):
        pixels = b"".join(bytes((x * 4, y * 6, (x + y) * 2)) for y in range(ROWS) for x in range(COLUMNS))
        self.image(pixels=pixels, SamplesPerPixel=3, PhotometricInterpretation="RGB", BitsAllocated=8, BitsStored=8,
                   HighBit=7, elements={0x00280006: ("US", 0)})
        self.state(SOPClassUID="1.2.840.10008.5.1.4.1.1.11.2", SoftcopyVOILUTSequence=None, PresentationLUTShape=None,
                   ImageRotation=180)
        expected = b"".join(pixels[at:at + 3] for at in range(len(pixels) - 3, -1, -3))
        self.assertEqual(self.shown(), (COLUMNS, ROWS, 3, expected))

    # --- what is asked for -------------------------------------------------------------------------

    def test_several_images(self):
        for number in (1, 2, 3):
            self.image(number, NumberOfFrames=2, pixels=gradient(lambda x, y: x * 60 + number * 5) * 2)
        series = {"SeriesInstanceUID": dicom_data.series_uid(self.study, 1)}
        references = [{**dicom_data.reference(self.study, 1, number), **more}
                      for number, more in ((3, {"ReferencedFrameNumber": "2"}), (1, {}), (9, {}))]
        self.state(ReferencedSeriesSequence=[{**series, "ReferencedImageSequence": references}])
        self.assertEqual(len(contents(self.get(self.path(92, 1), MULTIPART))), 3)
        self.assertEqual(len(contents(self.get(self.path(92, 1), "*/*"))), 3)
        self.get(self.path(92, 1), "image/png", 406)
        self.state(2, ReferencedSeriesSequence=[{**series, "ReferencedImageSequence": references[:1]}])
        self.assertEqual(self.shown(2)[:2], (COLUMNS, ROWS))
        self.state(3, ReferencedSeriesSequence=[{**series, "ReferencedImageSequence": references[2:]}])
        self.get(self.path(92, 3), status=404)

    def test_windows_of_each_image(self):
        self.image(1)
        self.image(2)
        windows = [{"ReferencedImageSequence": [dicom_data.reference(self.study, 1, number)], "WindowCenter": center,
                    "WindowWidth": "900"} for number, center in ((1, "500"), (2, "2500"))]
        self.state(of=(1, (1, 2)), SoftcopyVOILUTSequence=windows)
        first, second = contents(self.get(self.path(92, 1), MULTIPART))
        self.assertGreater(sum(picture(first)[3]), sum(picture(second)[3]))

    def test_parameters(self):
        self.image()
        self.state()
        path = self.path(92, 1)
        self.assertNotEqual(self.get(path + "?viewport=640,640&annotation=patient").body,
                            self.get(path + "?viewport=640,640").body)
        for query in ("window=40,400,linear", "viewport=10,10,0,0,5,5"):
            self.get(f"{path}?{query}", status=400)
        self.assertEqual(self.get(path, "image/jpeg").body[:2], b"\xff\xd8")
        self.get(path, "application/pdf", 406)
        # Other kinds are refused with the name of those that are applied.
        self.state(2, SOPClassUID="1.2.840.10008.5.1.4.1.1.11.4")
        self.assertIn(b"Grayscale", self.get(self.path(92, 2), status=501).body)

    def test_wado_uri(self):
        self.image()
        self.image(2)
        self.state(ImageRotation=90)
        self.assertEqual(self.get(self.uri()).body, self.get(self.path(92, 1)).body)
        self.assertEqual(picture(self.get(self.uri(rows=32)).body)[:2], (20, 32))
        self.assertEqual(picture(self.get(self.uri(region="0,0,0.5,0.25")).body)[:2], (20, 16))
        self.assertNotEqual(self.get(self.uri(annotation="technique", rows=640)).body, self.get(self.uri(rows=640)).body)
        state = self.uri(presentationUID=None, presentationSeriesUID=None, seriesUID=dicom_data.series_uid(self.study, 92),
                         objectUID=dicom_data.sop_instance_uid(self.study, 92, 1))
        self.assertEqual(self.get(state).body, self.get(self.uri()).body)
        # Of many frames, the first that the presentation state is for.
        self.image(3, NumberOfFrames=2, pixels=gradient(lambda x, y: 0) + gradient(lambda x, y: x * 60))
        series = {"SeriesInstanceUID": dicom_data.series_uid(self.study, 1), "ReferencedImageSequence": [
            {**dicom_data.reference(self.study, 1, 3), "ReferencedFrameNumber": "2"}]}
        self.state(2, ReferencedSeriesSequence=[series])
        second = picture(self.get(self.uri(objectUID=dicom_data.sop_instance_uid(self.study, 1, 3),
                                           presentationUID=dicom_data.sop_instance_uid(self.study, 92, 2))).body)
        self.assertGreater(len(set(second[3])), 10)
        for wrong in ({"presentationUID": None}, {"presentationSeriesUID": None}, {"presentationUID": "1.2.3"},
                      {"presentationUID": "x"}, {"windowCenter": 1, "windowWidth": 9}, {"frameNumber": 1},
                      {"contentType": "application/dicom"}, {"objectUID": dicom_data.sop_instance_uid(self.study, 1, 2)}):
            self.get(self.uri(**wrong), "*/*", 400)

    def test_what_is_hostile(self):
        self.image()
        nothing = float("nan")

        def graphic(kind, points, units="PIXEL"):
            return {"GraphicAnnotationUnits": units, "GraphicDimensions": 2, "GraphicData": points, "GraphicType": kind,
                    "GraphicFilled": "Y"}

        def marked(*objects):
            return {"GraphicAnnotationSequence": [{"GraphicLayer": "A", "GraphicObjectSequence": list(objects)}]}

        far = 3e38
        for number, (attributes, status) in enumerate((
                (marked(graphic("POLYLINE", [nothing, 1.0, 2.0, 3.0]), graphic("CIRCLE", [far, far, -far, -far]),
                        graphic("ELLIPSE", [far, -far] * 4), graphic("INTERPOLATED", [far, -far] * 50),
                        graphic("POINT", [-far, nothing], "DISPLAY"), graphic("POINT", [])), 200),
                (marked(graphic("POLYLINE", [1.0, 1.0] * 200_000)), 413),
                (marked(*[graphic("POINT", [1.0, 1.0])] * 20_000), 413),
                ({"DisplayedAreaSelectionSequence": [area(-2**31, -2**31, 2**31 - 1, 2**31 - 1)]}, 413),
                ({"DisplayedAreaSelectionSequence": [area(PresentationSizeMode="MAGNIFY",
                                                          PresentationPixelMagnificationRatio=nothing)]}, 200),
                ({"DisplayedAreaSelectionSequence": [area(PresentationPixelAspectRatio=["0", "1"])]}, 200),
                ({"SoftcopyVOILUTSequence": [{"VOILUTSequence": [{"LUTDescriptor": [9, 0, 16], "LUTData": b""}]}]}, 422),
                ({"ImageRotation": 45, "PresentationLUTShape": "SPIRAL", "ShutterShape": ["CIRCULAR", "BITMAP"]}, 200)), 1):
            # In explicit VR a value of FL has 64 KiB at most.
            self.state(number, transfer_syntax=dicom_data.IMPLICIT, **attributes)
            self.get(self.path(92, number), status=status)
        self.assertEqual(self.server.get("/healthz").status, 200)


if __name__ == "__main__":
    unittest.main()

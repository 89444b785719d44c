"""C-FIND through the front door: dcmtk's findscu at every level of both models, and PDU by PDU what it does not do."""

import json
import shutil
import struct
import tempfile
import unittest
from pathlib import Path

import dicom_data
import dimse_peer as peer
from dimse_test import tool
from lightbox import Server

PATIENT_ROOT, STUDY_ROOT = "1.2.840.10008.5.1.4.1.2.1.1", "1.2.840.10008.5.1.4.1.2.2.1"
PENDING, PENDING_UNSUPPORTED, CANCEL = 0xFF00, 0xFF01, 0xFE00
LEVEL = 0x00080052


def text(result, tag):
    value = result.get(tag, {}).get("Value", [None])[0]
    return value.get("Alphabetic") if isinstance(value, dict) else value


def extended(sop_class, information):
    """A SOP Class Extended Negotiation sub-item (PS3.7 D.3.3.5)."""
    return peer.item(0x56, struct.pack(">H", len(sop_class)) + sop_class.encode() + bytes(information))


class FindTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.server = Server(Path(cls.folder.name) / "data")
        boundary, objects = "f", []
        for study, patient, name, date in ((1, "P1", "Smith^John", "20240101"), (2, "P1", "Smith^John", "20240215"),
                                           (3, "P2", "Schmidt^Käthe", "20240301")):
            for series in (1, 2):
                for number in (1, 2, 3):
                    objects.append(dicom_data.instance(
                        study, series, number, patient=patient, PatientName=name, StudyDate=date, SeriesNumber=series,
                        modality="CT" if series == 1 else "MR", StudyDescription=f"Study {study}",
                        RequestAttributesSequence=[{"RequestedProcedureID": f"RP{study}",
                                                    "ScheduledProcedureStepID": f"S{series}"}]))
        body = b"".join(b"--f\r\nContent-Type: application/dicom\r\n\r\n" + one + b"\r\n" for one in objects)
        answer = cls.server.request("POST", "/dicomweb/studies", body + b"--f--\r\n", {
            "Content-Type": f'multipart/related; type="application/dicom"; boundary={boundary}'})
        assert answer.status == 200, answer

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__()
        cls.folder.cleanup()

    def findscu(self, *keys, model="-S", options=()):
        """(exit code, output, the answers in their order)."""
        out = Path(self.folder.name) / "out"
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir()
        arguments = [argument for key in keys for argument in ("-k", key)]
        code, output = tool("findscu", model, "-v", "-X", "-od", out, *options, *arguments, "127.0.0.1",
                            self.server.dimse_port)
        answers = []
        for path in sorted(out.iterdir()):
            converted, content = tool("dcm2json", path)
            self.assertEqual(converted, 0, content)
            answers.append(json.loads(content))
        return code, output, answers

    def found(self, tag, *keys, **options):
        code, output, answers = self.findscu(*keys, **options)
        self.assertEqual(code, 0, output)
        self.assertIn("Success", output)
        return [text(answer, tag) for answer in answers]

    def test_studies(self):
        one, two, three = (dicom_data.study_uid(number) for number in (1, 2, 3))
        for keys, expected in (
                ((), [three, two, one]), (("PatientID=P1",), [two, one]), (("PatientName=smith*",), [two, one]),
                (("StudyDate=20240201-",), [three, two]), (("StudyDate=20240101",), [one]), (("AccessionNumber=A2",), [two]),
                (("ModalitiesInStudy=MR",), [three, two, one]), (("ModalitiesInStudy=PT",), []),
                ((f"StudyInstanceUID={one}\\{three}",), [three, one]), (("PatientID=P?", "StudyDescription=*3"), [three]),
                (("PatientName=Schmidt^K*",), [three]), (("StudyTime=1000-1100",), [three, two, one])):
            with self.subTest(keys):
                self.assertEqual(self.found("0020000D", "QueryRetrieveLevel=STUDY", "StudyInstanceUID", *keys), expected)
        self.assertEqual(self.found("0020000D", "QueryRetrieveLevel=STUDY", "PatientID=P1", "StudyInstanceUID", model="-P"),
                         [two, one])

    def test_answers_have_what_is_asked_for_and_nothing_else(self):
        code, output, answers = self.findscu(
            "QueryRetrieveLevel=STUDY", "PatientID=P2", "PatientName", "NumberOfStudyRelatedSeries", "InstanceAvailability",
            "NumberOfStudyRelatedInstances", "ModalitiesInStudy", "PatientComments", "RetrieveURL")
        self.assertEqual((code, len(answers)), (0, 1), output)
        answer = answers[0]
        self.assertEqual(sorted(answer), ["00080005", "00080052", "00080054", "00080056", "00080061", "00081190",
                                          "00100010", "00100020", "00104000", "00201206", "00201208"])
        self.assertEqual(answer["00080005"]["Value"], ["ISO_IR 192"])
        self.assertEqual(text(answer, "00100010"), "Schmidt^Käthe")
        self.assertEqual(text(answer, "00080052"), "STUDY")
        self.assertEqual(text(answer, "00080054"), "ANY-SCP")
        self.assertEqual(answer["00080061"]["Value"], ["CT", "MR"])
        self.assertEqual([int(text(answer, tag)) for tag in ("00201206", "00201208")], [2, 6])
        self.assertNotIn("Value", answer["00104000"])
        self.assertNotIn("00080005", self.findscu("QueryRetrieveLevel=STUDY", "PatientID=P1", "PatientName")[2][0])

    def test_patients(self):
        _, output, answers = self.findscu("QueryRetrieveLevel=PATIENT", "PatientID", "PatientName=s*",
                                          "NumberOfPatientRelatedStudies", "NumberOfPatientRelatedInstances", model="-P")
        self.assertEqual([text(answer, "00100020") for answer in answers], ["P2", "P1"], output)
        self.assertEqual([int(text(answer, "00201200")) for answer in answers], [1, 2])
        self.assertEqual([int(text(answer, "00201204")) for answer in answers], [6, 12])

    def test_series_and_images(self):
        one, series = dicom_data.study_uid(1), dicom_data.series_uid(1, 2)
        study = ("QueryRetrieveLevel=SERIES", f"StudyInstanceUID={one}")
        self.assertEqual(self.found("00200011", *study, "SeriesNumber"), [1, 2])
        self.assertEqual(self.found("0020000E", *study, "SeriesInstanceUID", "Modality=MR"), [series])
        image = ("QueryRetrieveLevel=IMAGE", f"StudyInstanceUID={one}", f"SeriesInstanceUID={series}")
        self.assertEqual(self.found("00080018", *image, "SOPInstanceUID"),
                         [dicom_data.sop_instance_uid(1, 2, number) for number in (1, 2, 3)])
        self.assertEqual(self.found("00080018", *image, "SOPInstanceUID", "InstanceNumber=2"),
                         [dicom_data.sop_instance_uid(1, 2, 2)])
        patient = (*image, "SOPInstanceUID", "PatientID=P1")
        self.assertEqual(len(self.found("00080018", *patient, model="-P")), 3)
        _, output, answers = self.findscu(*study, "RequestAttributesSequence[0].RequestedProcedureID=RP1")
        self.assertEqual(len(answers), 2, output)
        items = answers[0]["00400275"]["Value"]
        self.assertEqual([list(item) for item in items], [["00401001"]])
        self.assertEqual(self.found("0020000E", *study, "RequestAttributesSequence[0].RequestedProcedureID=RP2"), [])

    def test_what_does_not_match_the_model_is_refused(self):
        one = dicom_data.study_uid(1)
        for model, keys in (
                ("-S", ("QueryRetrieveLevel=PATIENT", "PatientID")), ("-S", ("QueryRetrieveLevel=SERIES", "SeriesInstanceUID")),
                ("-S", ("QueryRetrieveLevel=IMAGE", f"StudyInstanceUID={one}")), ("-P", ("QueryRetrieveLevel=STUDY",)),
                ("-P", ("QueryRetrieveLevel=STUDY", "PatientID=P*")), ("-S", ("PatientID=P1",)),
                ("-S", ("QueryRetrieveLevel=NOTHING",)), ("-S", ("QueryRetrieveLevel=STUDY", "StudyDate=yesterday"))):
            with self.subTest(keys):
                _, output, answers = self.findscu(*keys, model=model)
                self.assertIn("DataSetDoesNotMatchSOPClass", output)  # A900
                self.assertEqual(answers, [])

    def test_transfer_syntaxes(self):
        for option in ("-xi", "-xe"):
            self.assertEqual(len(self.found("00100010", "QueryRetrieveLevel=STUDY", "PatientName", options=(option,))), 3)
        self.assertNotEqual(self.findscu("QueryRetrieveLevel=STUDY", "PatientName", options=("-xb",))[2], None)

    # --- PDU by PDU ------------------------------------------------------------------------------

    def associate(self, sop_class=STUDY_ROOT, more=b""):
        association = peer.Association(self.server.dimse_port, {1: (sop_class, [peer.EXPLICIT])}, request=peer.associate(
            {1: (sop_class, [peer.EXPLICIT])}, more=more))
        self.addCleanup(association.close)
        return association

    def ask(self, association, elements, sop_class=STUDY_ROOT):
        association.send_message(1, {peer.SOP_CLASS: sop_class, peer.FIELD: 0x20, peer.PRIORITY: 0,
                                     peer.MESSAGE_ID: association.message_id()},
                                 dicom_data.write_elements(elements, peer.EXPLICIT))

    def statuses(self, association):
        statuses = []
        while not statuses or statuses[-1] in (PENDING, PENDING_UNSUPPORTED):
            _, elements, data_set = association.read_message()
            self.assertEqual(elements[peer.FIELD], 0x8020)
            self.assertEqual(data_set is not None, elements[peer.STATUS] in (PENDING, PENDING_UNSUPPORTED))
            statuses.append(elements[peer.STATUS])
        return statuses

    def test_relational_queries_are_negotiated(self):
        series = {LEVEL: ("CS", "SERIES"), 0x00080060: ("CS", "MR"), 0x0020000E: ("UI", "")}
        association = self.associate()
        self.ask(association, series)
        self.assertEqual(self.statuses(association), [0xA900])
        association = self.associate(more=extended(STUDY_ROOT, [1]))
        self.ask(association, series)
        self.assertEqual(self.statuses(association), [PENDING] * 3 + [0])
        association.release()

    def test_fuzzy_names_and_date_times_are_negotiated(self):
        by_name = {LEVEL: ("CS", "STUDY"), 0x00100010: ("PN", "john smith")}
        by_time = {LEVEL: ("CS", "STUDY"), 0x00080020: ("DA", "20240101-20240215"), 0x00080030: ("TM", "1100-1200")}
        for information, names, times in ([0, 0, 0], 0, 0), ([0, 1, 1], 2, 1):
            association = self.associate(more=extended(STUDY_ROOT, information))
            for query, count in ((by_name, names), (by_time, times)):
                self.ask(association, query)
                self.assertEqual(self.statuses(association), [PENDING] * count + [0])
            association.release()

    def test_what_is_not_supported_is_said(self):
        association = self.associate()
        for more, status in (({}, PENDING), ({0x00104000: ("LT", "x")}, PENDING_UNSUPPORTED),
                             ({0x00080060: ("CS", "CT")}, PENDING_UNSUPPORTED), ({0x00201206: ("IS", "9")}, PENDING_UNSUPPORTED),
                             ({0x00104000: ("LT", "")}, PENDING)):
            self.ask(association, {LEVEL: ("CS", "STUDY"), **more})
            self.assertEqual(self.statuses(association), [status] * 3 + [0], more)
        association.release()

    def test_cancel(self):
        association = self.associate()
        self.ask(association, {LEVEL: ("CS", "STUDY")})
        association.send_message(1, {peer.FIELD: 0x0FFF, peer.RESPONDED: association.next_id})
        self.assertIn(self.statuses(association)[-1], (CANCEL, 0))
        # Both in one write: it is there before anything is answered.
        elements = {peer.SOP_CLASS: STUDY_ROOT, peer.FIELD: 0x20, peer.PRIORITY: 0, peer.MESSAGE_ID: 77,
                    peer.DATA_SET_TYPE: 0}
        identifier = dicom_data.write_elements({LEVEL: ("CS", "STUDY")}, peer.EXPLICIT)
        cancel = peer.command({peer.FIELD: 0x0FFF, peer.RESPONDED: 77, peer.DATA_SET_TYPE: peer.NO_DATA_SET})
        association.send(association.value(1, peer.command(elements), 3) + association.value(1, identifier, 2)
                         + association.value(1, cancel, 3))
        self.assertEqual(self.statuses(association)[-1], CANCEL)
        self.ask(association, {LEVEL: ("CS", "STUDY")})
        self.assertEqual(self.statuses(association), [PENDING] * 3 + [0])
        association.release()

    def test_another_message_while_one_is_answered_ends_the_association(self):
        association = self.associate()
        elements = {peer.SOP_CLASS: STUDY_ROOT, peer.FIELD: 0x20, peer.PRIORITY: 0, peer.MESSAGE_ID: 5,
                    peer.DATA_SET_TYPE: 0}
        identifier = dicom_data.write_elements({LEVEL: ("CS", "STUDY")}, peer.EXPLICIT)
        one = association.value(1, peer.command(elements), 3) + association.value(1, identifier, 2)
        association.send(one + one)
        with self.assertRaises(peer.Ended):
            while True:
                association.read_message()

    def test_garbage(self):
        for identifier in (b"", b"\xFF" * 100, b"\x08\0\x52\0CS\xFF\xFF", bytes(50)):
            association = self.associate()
            association.send_message(1, {peer.SOP_CLASS: STUDY_ROOT, peer.FIELD: 0x20, peer.PRIORITY: 0, peer.MESSAGE_ID: 3},
                                     identifier)
            status = self.statuses(association)[-1]
            self.assertIn(status, (0xA900, 0xC000))
            association.release()
        association = self.associate()
        association.send_message(1, {peer.SOP_CLASS: PATIENT_ROOT, peer.FIELD: 0x20, peer.PRIORITY: 0, peer.MESSAGE_ID: 3},
                                 b"")
        self.assertEqual(self.statuses(association), [0x0122])
        association.release()


if __name__ == "__main__":
    unittest.main()

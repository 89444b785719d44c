"""C-MOVE and C-GET through the front door: dcmtk's movescu, getscu and storescp, Orthanc as destination, and PDU by
PDU what those do not do."""

import contextlib
import json
import shutil
import socket
import struct
import subprocess
import tempfile
import threading
import time
import unittest
from pathlib import Path

import dicom_data as dicom
import dimse_peer as peer
import orthanc_archive
from dimse_test import ENVIRONMENT, stored, tool, until
from lightbox import Server
from orthanc_archive import free_port

CT = peer.CT
PATIENT_MOVE, PATIENT_GET = "1.2.840.10008.5.1.4.1.2.1.2", "1.2.840.10008.5.1.4.1.2.1.3"
STUDY_MOVE, STUDY_GET = "1.2.840.10008.5.1.4.1.2.2.2", "1.2.840.10008.5.1.4.1.2.2.3"
SUCCESS, WARNING, UNABLE, UNKNOWN_DESTINATION, MISMATCH, CANCEL, PENDING = (
    0x0000, 0xB000, 0xA702, 0xA801, 0xA900, 0xFE00, 0xFF00)
DESTINATION, REMAINING, COMPLETED, FAILED, WARNINGS = 0x0600, 0x1020, 0x1021, 0x1022, 0x1023
ORIGINATOR, ORIGINATOR_ID = 0x1030, 0x1031
LEVEL, PATIENT, STUDY, SERIES, IMAGE = 0x00080052, 0x00100020, 0x0020000D, 0x0020000E, 0x00080018
LEVELS = {LEVEL: "CS", PATIENT: "LO", STUDY: "UI", SERIES: "UI", IMAGE: "UI", 0x00080060: "CS"}


def identifier(syntax=peer.EXPLICIT, **keys):
    """Of `level`, `patient`, `study`, `series`, `image`, `modality`."""
    tags = {"level": LEVEL, "patient": PATIENT, "study": STUDY, "series": SERIES, "image": IMAGE, "modality": 0x00080060}
    return dicom.write_elements({tags[name]: (LEVELS[tags[name]], value) for name, value in keys.items()}, syntax)


def study_key(study=1, **more):
    return identifier(level="STUDY", study=dicom.study_uid(study), **more)


def role(sop_class, scu, scp):
    """A role selection sub-item (PS3.7 D.3.3.4)."""
    return peer.item(0x54, struct.pack(">H", len(sop_class)) + sop_class.encode() + bytes([scu, scp]))


def failed_uids(data_set):
    """Of the Identifier of a final response."""
    if data_set is None:
        return []
    assert data_set[:6] == b"\x08\0\x58\0UI", data_set
    return data_set[8:].rstrip(b"\0").decode().split("\\")


def send(port, files, *options):
    code, output = tool("storescu", "-R", *options, "127.0.0.1", port, *files)
    assert code == 0, output


class Destination:
    """Another end that is called, in threads of its own: takes all that `syntaxes` has (None: the first proposed).

    `answer(association number, C-STORE request)` says the status, or does what it likes and says None: then the
    connection is closed."""

    def __init__(self, syntaxes=None, answer=lambda number, request: 0, pdu_bytes=16384):
        self.syntaxes, self.answer, self.pdu_bytes = syntaxes, answer, pdu_bytes
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        self.requests, self.data_sets, self.proposed, self.longest = [], [], [], 0
        self.released = 0
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        number = 0
        while True:
            try:
                connection = self.listening.accept()[0]
            except OSError:
                return
            with contextlib.suppress(peer.Ended, OSError):
                self.converse(peer.Wire(connection), number)
            connection.close()
            number += 1

    def converse(self, wire, number):
        _, request = wire.receive()
        items = b""
        at = 68
        while at < len(request):
            kind, _, length = struct.unpack_from(">BBH", request, at)
            value = request[at + 4:at + 4 + length]
            at += 4 + length
            if kind == 0x20:
                items += self.decide(value)
        wire.send(peer.pdu(2, request[:68] + peer.item(0x10, b"1.2.840.10008.3.1.1.1") + items + peer.item(
            0x50, peer.item(0x51, struct.pack(">I", self.pdu_bytes)) + peer.item(0x52, b"1.2.3"))))
        while True:
            kind, body = self.receive(wire)
            if kind == 5:
                self.released += 1
                wire.send(peer.pdu(6, bytes(4)))
            if kind != 4:
                return
            context, command, data_set = self.message(wire, body)
            self.requests.append(command)
            self.data_sets.append(data_set)
            status = self.answer(number, command)
            if status is None:
                return
            wire.send_message(context, {peer.SOP_CLASS: command[peer.SOP_CLASS], peer.FIELD: 0x8001,
                                        peer.RESPONDED: command[peer.MESSAGE_ID], peer.STATUS: status,
                                        peer.SOP_INSTANCE: command[peer.SOP_INSTANCE]})

    def receive(self, wire):
        kind, body = wire.receive()
        self.longest = max(self.longest, len(body))
        return kind, body

    def message(self, wire, body):
        parts, whole = [], b""
        while True:
            while body:
                length, context, flags = struct.unpack_from(">IBB", body)
                assert length % 2 == 0, length  # PS3.8 E.2
                whole += body[6:4 + length]
                body = body[4 + length:]
                if flags & 2:
                    parts.append(whole)
                    whole = b""
            if len(parts) == 2:
                return context, peer.read_command(parts[0]), parts[1]
            kind, body = self.receive(wire)
            if kind != 4:
                raise peer.Ended((kind, body))

    def decide(self, value):
        abstract, offered, at = "", [], 4
        while at < len(value):
            kind, _, length = struct.unpack_from(">BBH", value, at)
            text = value[at + 4:at + 4 + length].decode()
            at += 4 + length
            if kind == 0x30:
                abstract = text
            else:
                offered.append(text)
        self.proposed.append((abstract, offered))
        taken = next((one for one in (self.syntaxes or offered) if one in offered), None)
        return peer.item(0x21, bytes([value[0], 0, 0 if taken else 4, 0])
                         + peer.item(0x40, (taken or offered[0]).encode()))

    def close(self):
        self.listening.close()


class RetrieveTest(unittest.TestCase):
    """A server with two studies of P1, one of P2; two series of three images each."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.files = Path(cls.folder.name) / "files"
        cls.files.mkdir()
        cls.objects = {}
        for study, patient in ((1, "P1"), (2, "P1"), (3, "P2")):
            for series in (1, 2):
                for number in (1, 2, 3):
                    uid = dicom.sop_instance_uid(study, series, number)
                    cls.objects[uid] = dicom.instance(study, series, number, patient=patient,
                                                      modality="CT" if series == 1 else "MR")
                    (cls.files / f"{uid}.dcm").write_bytes(cls.objects[uid])

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def setUp(self):
        self.own = tempfile.TemporaryDirectory()
        self.addCleanup(self.own.cleanup)
        self.data = Path(self.own.name) / "data"
        self.out = Path(self.own.name) / "out"
        self.out.mkdir()

    def serve(self, *flags, files=True):
        server = Server(self.data, *flags)
        self.addCleanup(server.__exit__)
        if files is True:
            files = sorted(self.files.iterdir())
        if files:
            send(server.dimse_port, files)
        return server

    def storescp(self, *options):
        """Its port."""
        port = free_port()
        process = subprocess.Popen(["storescp", "-aet", "DEST", "-od", str(self.out), *map(str, options), str(port)],
                                   env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)

        def listens():
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                return True
            return False
        until(listens)
        return port

    def destination(self, **options):
        one = Destination(**options)
        self.addCleanup(one.close)
        return one

    def received(self):
        """SOP Instance UID -> what storescp or getscu has written."""
        files = {}
        for path in self.out.iterdir():
            files[path.name[path.name.index("2.25."):]] = path.read_bytes()
            path.unlink()
        return files

    @staticmethod
    def uids(*places):
        return {dicom.sop_instance_uid(*place) for place in places}

    def cases(self):
        """(model, keys, expected SOP Instance UIDs)."""
        every = [(series, number) for series in (1, 2) for number in (1, 2, 3)]
        one, two, three = (dicom.study_uid(study) for study in (1, 2, 3))
        series = dicom.series_uid(1, 2)
        images = [dicom.sop_instance_uid(1, 2, number) for number in (1, 3)]
        of = {study: self.uids(*((study, *place) for place in every)) for study in (1, 2, 3)}
        yield "-P", ("QueryRetrieveLevel=PATIENT", "PatientID=P1"), of[1] | of[2]
        yield "-P", ("QueryRetrieveLevel=STUDY", "PatientID=P1", f"StudyInstanceUID={two}"), of[2]
        yield "-P", ("QueryRetrieveLevel=STUDY", "PatientID=P2", f"StudyInstanceUID={two}"), set()
        yield "-S", ("QueryRetrieveLevel=STUDY", f"StudyInstanceUID={one}"), of[1]
        yield "-S", ("QueryRetrieveLevel=STUDY", f"StudyInstanceUID={one}\\{three}"), of[1] | of[3]
        yield "-S", ("QueryRetrieveLevel=SERIES", f"StudyInstanceUID={one}", f"SeriesInstanceUID={series}"), self.uids(
            *((1, 2, number) for number in (1, 2, 3)))
        yield "-S", ("QueryRetrieveLevel=SERIES", f"StudyInstanceUID={two}", f"SeriesInstanceUID={series}"), set()
        yield "-S", ("QueryRetrieveLevel=IMAGE", f"StudyInstanceUID={one}", f"SeriesInstanceUID={series}",
                     f"SOPInstanceUID={images[0]}"), {images[0]}
        yield "-P", ("QueryRetrieveLevel=IMAGE", "PatientID=P1", f"StudyInstanceUID={one}", f"SeriesInstanceUID={series}",
                     "SOPInstanceUID=" + "\\".join(images)), set(images)

    def ask(self, association, field, sop_class, data_set, context=1, **more):
        """Sends the request; its message id."""
        message_id = association.message_id()
        association.send_message(context, {peer.SOP_CLASS: sop_class, peer.FIELD: field, peer.PRIORITY: 0,
                                           peer.MESSAGE_ID: message_id,
                                           **({DESTINATION: more["to"]} if "to" in more else {})}, data_set)
        return message_id

    def responses(self, association, field):
        """All responses: [(command, data set)]."""
        answers = []
        while not answers or answers[-1][0][peer.STATUS] == PENDING:
            _, elements, data_set = association.read_message()
            self.assertEqual(elements[peer.FIELD], field | 0x8000)
            answers.append((elements, data_set))
        return answers


class MoveTest(RetrieveTest):
    def associate(self, server, sop_class=STUDY_MOVE, **options):
        association = peer.Association(server.dimse_port, {1: (sop_class, [peer.EXPLICIT])}, **options)
        self.addCleanup(association.close)
        return association

    def move(self, server, data_set, to="DEST", sop_class=STUDY_MOVE):
        """(command, data set) of the final response."""
        association = self.associate(server, sop_class)
        self.ask(association, 0x21, sop_class, data_set, to=to)
        final = self.responses(association, 0x21)[-1]
        association.release()
        return final

    def assert_counts(self, command, completed, failed=0, warnings=0):
        self.assertEqual((command[COMPLETED], command[FAILED], command[WARNINGS]), (completed, failed, warnings), command)

    def test_all_levels_and_lists(self):
        port = self.storescp("+B", "+xa")
        server = self.serve("--peer", f"DEST=127.0.0.1:{port}")
        for model, keys, expected in self.cases():
            with self.subTest(keys):
                arguments = [argument for key in keys for argument in ("-k", key)]
                code, output = tool("movescu", "-v", model, "-aem", "DEST", *arguments, "127.0.0.1", server.dimse_port)
                self.assertEqual(code, 0, output)
                self.assertIn("Success", output)
                received = self.received()
                self.assertEqual(set(received), expected)
                for uid, file in received.items():
                    self.assertEqual(peer.bare(file), peer.bare(self.objects[uid]))

    def test_orthanc_as_destination(self):
        with orthanc_archive.Orthanc(Path(self.own.name) / "orthanc") as orthanc:
            server = self.serve("--peer", f"ORTHANC=127.0.0.1:{orthanc.dicom_port}")
            code, output = tool("movescu", "-v", "-P", "-aem", "ORTHANC", "-k", "QueryRetrieveLevel=PATIENT", "-k",
                                "PatientID=P1", "127.0.0.1", server.dimse_port)
            found = {one["MainDicomTags"]["SOPInstanceUID"]
                     for one in json.loads(orthanc.ask("GET", "/instances?expand"))}
        self.assertEqual(code, 0, output)
        self.assertEqual(len(found), 12)

    def test_what_is_refused(self):
        server = self.serve("--peer", f"DEST=127.0.0.1:{free_port()}")
        command, _ = self.move(server, study_key(), to="NOBODY")
        self.assertEqual(command[peer.STATUS], UNKNOWN_DESTINATION)
        self.assertIn("NOBODY", command[peer.COMMENT])
        code, output = tool("movescu", "-v", "-S", "-aem", "NOBODY", "-k", "QueryRetrieveLevel=STUDY", "-k",
                            f"StudyInstanceUID={dicom.study_uid(1)}", "127.0.0.1", server.dimse_port)
        self.assertIn("MoveDestinationUnknown", output)
        for data_set in (identifier(level="STUDY"), identifier(level="PATIENT", patient="P1"), study_key(modality="CT"),
                         identifier(level="SERIES", series=dicom.series_uid(1, 1)), identifier(level="NOTHING")):
            command, _ = self.move(server, data_set)
            self.assertEqual(command[peer.STATUS], MISMATCH)
            self.assertIn(peer.OFFENDING, command)
        for data_set, status in ((None, MISMATCH), (b"\xFF" * 100, 0xC000)):
            association = self.associate(server)
            self.ask(association, 0x21, STUDY_MOVE, data_set, to="DEST")
            self.assertEqual(self.responses(association, 0x21)[-1][0][peer.STATUS], status)
        association = self.associate(server)
        self.ask(association, 0x21, PATIENT_MOVE, study_key(), to="DEST")
        self.assertEqual(self.responses(association, 0x21)[-1][0][peer.STATUS], 0x0122)

    def test_relational_retrieval_is_negotiated(self):
        destination = self.destination()
        server = self.serve("--peer", f"DEST=127.0.0.1:{destination.port}")
        more = peer.item(0x56, struct.pack(">H", len(STUDY_MOVE)) + STUDY_MOVE.encode() + b"\1")
        association = self.associate(server, more=more)
        image = dicom.sop_instance_uid(1, 2, 3)
        self.ask(association, 0x21, STUDY_MOVE, identifier(level="IMAGE", image=image), to="DEST")
        self.assertEqual(self.responses(association, 0x21)[-1][0][peer.STATUS], SUCCESS)
        self.assertEqual([request[peer.SOP_INSTANCE] for request in destination.requests], [image])

    def test_a_destination_that_is_down(self):
        server = self.serve("--peer", f"DEST=127.0.0.1:{free_port()}")
        command, data_set = self.move(server, study_key())
        self.assertEqual(command[peer.STATUS], UNABLE)
        self.assert_counts(command, 0, failed=6)
        self.assertEqual(set(failed_uids(data_set)), self.uids(*((1, s, n) for s in (1, 2) for n in (1, 2, 3))))
        self.assertIn("DEST", command[peer.COMMENT])

    def test_the_request_says_who_asked(self):
        destination = self.destination()
        server = self.serve("--peer", f"DEST=127.0.0.1:{destination.port}", "--aet", "ARCHIVE")
        association = self.associate(server, calling="WORKSTATION")
        message_id = self.ask(association, 0x21, STUDY_MOVE, study_key(), to="DEST")
        command, data_set = self.responses(association, 0x21)[-1]
        self.assertEqual((command[peer.STATUS], data_set), (SUCCESS, None))
        self.assert_counts(command, 6)
        self.assertNotIn(REMAINING, command)
        self.assertEqual(destination.released, 1)
        for request in destination.requests:
            self.assertEqual((request[ORIGINATOR], request[ORIGINATOR_ID]), ("WORKSTATION", message_id))
        self.assertEqual(len({request[peer.MESSAGE_ID] for request in destination.requests}), 6)
        association.release()

    def test_what_fails_is_listed(self):
        bad = dicom.sop_instance_uid(1, 1, 2)
        destination = self.destination(answer=lambda _, request: 0xA700 if request[peer.SOP_INSTANCE] == bad else 0)
        server = self.serve("--peer", f"DEST=127.0.0.1:{destination.port}")
        command, data_set = self.move(server, study_key())
        self.assertEqual((command[peer.STATUS], failed_uids(data_set)), (WARNING, [bad]))
        self.assert_counts(command, 5, failed=1)
        destination.answer = lambda _, request: 0xB007 if request[peer.SOP_INSTANCE] == bad else 0
        command, data_set = self.move(server, study_key())
        self.assertEqual((command[peer.STATUS], data_set), (WARNING, None))
        self.assert_counts(command, 5, warnings=1)
        destination.answer = lambda *_: 0xC001
        command, data_set = self.move(server, study_key())
        self.assertEqual((command[peer.STATUS], len(failed_uids(data_set))), (UNABLE, 6))

    def test_nothing_matches(self):
        destination = self.destination()
        server = self.serve("--peer", f"DEST=127.0.0.1:{destination.port}")
        command, data_set = self.move(server, study_key(9))
        self.assertEqual((command[peer.STATUS], data_set), (SUCCESS, None))
        self.assert_counts(command, 0)
        self.assertEqual(destination.proposed, [])

    def test_progress_is_told(self):
        def slowly(*_):
            time.sleep(0.6)
            return 0
        destination = self.destination(answer=slowly)
        server = self.serve("--peer", f"DEST=127.0.0.1:{destination.port}")
        association = self.associate(server)
        self.ask(association, 0x21, STUDY_MOVE, study_key(), to="DEST")
        answers = self.responses(association, 0x21)
        self.assertEqual([command[REMAINING] for command, _ in answers[:-1]], [5, 4, 3, 2, 1])
        self.assertEqual([command[COMPLETED] for command, _ in answers], [1, 2, 3, 4, 5, 6])
        destination.answer = lambda *_: time.sleep(2.7) or 0
        self.ask(association, 0x21, STUDY_MOVE, identifier(
            level="IMAGE", study=dicom.study_uid(1), series=dicom.series_uid(1, 1),
            image=dicom.sop_instance_uid(1, 1, 1)), to="DEST")
        answers = self.responses(association, 0x21)
        self.assertEqual([command[REMAINING] for command, _ in answers[:-1]], [1, 1])
        destination.answer = lambda *_: 0
        self.ask(association, 0x21, STUDY_MOVE, study_key(), to="DEST")
        self.assertLess(len(self.responses(association, 0x21)), 4)
        association.release()

    def test_cancel(self):
        go_on, begun = threading.Event(), threading.Event()

        def answer(*_):
            begun.set()
            go_on.wait(30)
            return 0
        destination = self.destination(answer=answer)
        server = self.serve("--peer", f"DEST=127.0.0.1:{destination.port}")
        association = self.associate(server)
        message_id = self.ask(association, 0x21, STUDY_MOVE, study_key(), to="DEST")
        self.assertTrue(begun.wait(30))
        association.send_message(1, {peer.FIELD: 0x0FFF, peer.RESPONDED: message_id})
        go_on.set()
        command, data_set = self.responses(association, 0x21)[-1]
        self.assertEqual((command[peer.STATUS], data_set), (CANCEL, None))
        self.assertEqual((command[COMPLETED], command[REMAINING]), (1, 5))
        self.ask(association, 0x21, STUDY_MOVE, study_key(), to="DEST")
        self.assertEqual(self.responses(association, 0x21)[-1][0][peer.STATUS], SUCCESS)
        association.release()

    def test_the_one_who_asked_goes_away(self):
        go_on, begun = threading.Event(), threading.Event()

        def answer(*_):
            begun.set()
            go_on.wait(30)
            return 0
        destination = self.destination(answer=answer)
        server = self.serve("--peer", f"DEST=127.0.0.1:{destination.port}")
        association = self.associate(server)
        self.ask(association, 0x21, STUDY_MOVE, study_key(), to="DEST")
        self.assertTrue(begun.wait(30))
        association.close()
        go_on.set()
        until(lambda: "association_ended" in server.log_text().split("association_ended", 1)[1])
        self.assertLess(len(destination.requests), 6)

    def test_broken_destinations(self):
        server_flags = ("--dimse-pdu-timeout-ms", "700",
                        "--dimse-artim-timeout-ms", "700")
        first = dicom.sop_instance_uid(1, 1, 1)

        def breaks_once(number, request):
            return None if number == 0 and request[peer.SOP_INSTANCE] == first else 0
        once = self.destination(answer=breaks_once)
        always = self.destination(answer=lambda *_: None)
        silent = self.destination(answer=lambda *_: time.sleep(3) or None)
        mute = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(mute.close)
        liar = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(liar.close)

        def lie():
            with contextlib.suppress(OSError):
                while True:
                    connection = liar.accept()[0]
                    connection.recv(100_000)
                    connection.sendall(b"\2\0\0\0\0\x40" + bytes(range(64)))
                    connection.close()
        threading.Thread(target=lie, daemon=True).start()
        peers = {"ONCE": once.port, "ALWAYS": always.port, "SILENT": silent.port, "MUTE": mute.getsockname()[1],
                 "LIAR": liar.getsockname()[1]}
        server = self.serve(*server_flags, *(f"--peer={name}=127.0.0.1:{port}" for name, port in peers.items()))
        command, data_set = self.move(server, study_key(), to="ONCE")
        self.assertEqual((command[peer.STATUS], failed_uids(data_set)), (WARNING, [first]))
        for name in ("ALWAYS", "SILENT", "MUTE", "LIAR"):
            with self.subTest(name):
                begun = time.monotonic()
                command, data_set = self.move(server, study_key(), to=name)
                self.assertEqual((command[peer.STATUS], len(failed_uids(data_set))), (UNABLE, 6), command)
                self.assertLess(time.monotonic() - begun, 10)
        self.assertEqual(len(always.requests), 3)  # then it is given up
        self.assertEqual(self.move(server, study_key(), to="ONCE")[0][peer.STATUS], SUCCESS)

    def test_transfer_syntaxes_that_are_proposed(self):
        jpeg, plain = self.files.parent / "jpeg.dcm", self.files / f"{dicom.sop_instance_uid(1, 1, 1)}.dcm"
        self.assertEqual(tool("dcmcjpeg", "+e1", plain, jpeg)[0], 0)
        implicit = self.files.parent / "implicit.dcm"
        implicit.write_bytes(dicom.instance(number=7, transfer_syntax=dicom.IMPLICIT, modality="US"))
        destination = self.destination()
        server = self.serve("--peer", f"DEST=127.0.0.1:{destination.port}", files=False)
        send(server.dimse_port, [jpeg], "-xs")
        send(server.dimse_port, [implicit], "-xi")
        send(server.dimse_port, [self.files / f"{dicom.sop_instance_uid(1, 1, 2)}.dcm"])
        self.assertEqual(self.move(server, study_key())[0][peer.STATUS], SUCCESS)
        expected = [(CT, [dicom.JPEG_LOSSLESS]), (CT, [dicom.EXPLICIT, dicom.IMPLICIT]),
                    (dicom.SOP_CLASSES["US"], [dicom.IMPLICIT, dicom.EXPLICIT])]
        self.assertEqual(sorted(destination.proposed), sorted(expected))
        self.assertEqual(len(destination.requests), 3)
        self.assertIn(peer.bare(jpeg.read_bytes()), destination.data_sets)
        self.assertIn(peer.bare(implicit.read_bytes()), destination.data_sets)

    def test_what_is_not_taken_as_it_is_goes_out_uncompressed(self):
        plain = self.files / f"{dicom.sop_instance_uid(1, 1, 1)}.dcm"
        pixels = peer.bare(plain.read_bytes())[-512:]
        compressed = {"-xs": ("dcmcjpeg", "+e1"), "-xt": ("dcmcjpls", "+el"), "-xr": ("dcmcrle",)}
        for option, command in compressed.items():
            for accepted, destination in (("+xi", dicom.IMPLICIT), ("+xe", dicom.EXPLICIT)):
                with self.subTest(command=command, accepted=accepted):
                    shutil.rmtree(self.data, ignore_errors=True)
                    file = self.files.parent / "compressed.dcm"
                    self.assertEqual(tool(*command, plain, file)[0], 0)
                    port = self.storescp("+B", accepted)
                    server = Server(self.data, "--peer", f"DEST=127.0.0.1:{port}")
                    with server:
                        send(server.dimse_port, [file], option)
                        command_set, _ = self.move(server, study_key())
                    self.assertEqual(command_set[peer.STATUS], SUCCESS, command_set)
                    received = self.received()
                    self.assertEqual(set(received), self.uids((1, 1, 1)))
                    whole = next(iter(received.values()))
                    self.assertIn(destination.encode() + b"\0", whole[:400])
                    self.assertEqual(peer.bare(whole)[-512:], pixels)

    def test_every_native_transfer_syntax_to_each_other(self):
        syntaxes = {dicom.IMPLICIT: "-xi", dicom.EXPLICIT: "-xe", dicom.BIG_ENDIAN: "-xb", dicom.DEFLATED: "-xd"}
        explicit = self.destination(syntaxes=[dicom.EXPLICIT])
        implicit = self.destination(syntaxes=[dicom.IMPLICIT])
        server = self.serve(f"--peer=EXPLICIT=127.0.0.1:{explicit.port}", f"--peer=IMPLICIT=127.0.0.1:{implicit.port}",
                            files=False)
        for number, (syntax, option) in enumerate(syntaxes.items(), 1):
            path = self.files.parent / "one.dcm"
            path.write_bytes(dicom.instance(number=number, transfer_syntax=syntax, PatientName="Å^Ö",
                                            SpecificCharacterSet="ISO_IR 100",
                                            RequestAttributesSequence=[{"RequestedProcedureID": "RP1"}]))
            send(server.dimse_port, [path], option)
        for name, destination, syntax in (("EXPLICIT", explicit, dicom.EXPLICIT), ("IMPLICIT", implicit, dicom.IMPLICIT)):
            self.assertEqual(self.move(server, study_key(), to=name)[0][peer.STATUS], SUCCESS)
            for request, data_set in zip(destination.requests, destination.data_sets):
                file = self.out / "one.dcm"
                uid = request[peer.SOP_INSTANCE]
                file.write_bytes(dicom.file_meta(CT, uid, syntax) + data_set)
                converted, text = tool("dcm2json", file)
                self.assertEqual(converted, 0, text)
                read = json.loads(text)
                self.assertEqual(read["00080018"]["Value"], [uid])
                number = read["00200013"]["Value"][0]
                self.assertEqual(data_set[-512:], peer.bare(dicom.instance(number=int(number)))[-512:])
                self.assertEqual(read["00400275"]["Value"][0]["00401001"]["Value"], ["RP1"])

    def test_what_cannot_be_decoded_fails_where_it_is_not_taken(self):
        private = "1.3.6.1.4.1.5962.99.1"
        all_of, plain = self.destination(), self.destination(syntaxes=[dicom.EXPLICIT])
        server = self.serve(f"--peer=ALL=127.0.0.1:{all_of.port}", f"--peer=PLAIN=127.0.0.1:{plain.port}", files=False)
        data_set = peer.bare(dicom.instance(transfer_syntax=private))
        association = peer.Association(server.dimse_port, {3: (CT, [private])})
        self.assertEqual(association.store(data_set, dicom.sop_instance_uid(1, 1, 1))[peer.STATUS], 0)
        association.release()
        self.assertEqual(self.move(server, study_key(), to="ALL")[0][peer.STATUS], SUCCESS)
        self.assertEqual(all_of.data_sets, [data_set])
        command, failed = self.move(server, study_key(), to="PLAIN")
        self.assertEqual((command[peer.STATUS], failed_uids(failed)), (UNABLE, list(self.uids((1, 1, 1)))))
        self.assertEqual(plain.requests, [])

    def test_large_objects_in_pdus_of_the_peers_size(self):
        file = dicom.instance(study=9, rows=1500, columns=1501)
        path = self.files.parent / "large.dcm"
        path.write_bytes(file)
        for pdu_bytes in (4096, 4099, 16384, 0, 1 << 20):
            with self.subTest(pdu_bytes):
                destination = self.destination(pdu_bytes=pdu_bytes)
                with Server(self.data, "--peer", f"DEST=127.0.0.1:{destination.port}") as server:
                    send(server.dimse_port, [path])
                    self.assertEqual(self.move(server, study_key(9))[0][peer.STATUS], SUCCESS)
                self.assertEqual(destination.data_sets, [peer.bare(file)])
                if pdu_bytes:
                    self.assertLessEqual(destination.longest, pdu_bytes)

    def test_associations_are_counted(self):
        destination = self.destination()
        server = self.serve("--peer", f"DEST=127.0.0.1:{destination.port}", "--dimse-associations-max", "2")
        until(lambda: server.log_text().count("association_ended") == 1)
        time.sleep(1.5)  # the sender's has gone, too
        idle = self.associate(server)
        command, _ = self.move(server, study_key())
        self.assertEqual(command[peer.STATUS], UNABLE)
        self.assertIn("dimse_associations_max", command[peer.COMMENT])
        idle.release()
        time.sleep(1.5)
        self.assertEqual(self.move(server, study_key())[0][peer.STATUS], SUCCESS)

    def test_stopping(self):
        begun = threading.Event()
        destination = self.destination(answer=lambda *_: begun.set() or time.sleep(0.5) or 0)
        server = self.serve("--peer", f"DEST=127.0.0.1:{destination.port}")
        association = self.associate(server)
        self.ask(association, 0x21, STUDY_MOVE, study_key(), to="DEST")
        self.assertTrue(begun.wait(30))
        stopping = time.monotonic()
        self.assertEqual(server.stop(), 0)
        self.assertLess(time.monotonic() - stopping, 10)
        with self.assertRaises(peer.Ended):
            self.responses(association, 0x21)

    def test_a_destination_by_tls(self):
        folder = Path(self.own.name)
        key, certificate = folder / "key.pem", folder / "certificate.pem"
        code, output = tool("openssl", "req", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-subj", "/CN=own", "-x509",
                            "-days", "2", "-out", certificate)
        self.assertEqual(code, 0, output)
        flags = ("--dimse-tls-cert", certificate, "--dimse-tls-key", key, "--dimse-tls-ca", certificate)
        port = self.storescp("+B", "+tls", key, certificate, "+cf", certificate)
        server = self.serve(f"--peer=DEST=tls://127.0.0.1:{port}", f"--peer=PLAIN=127.0.0.1:{port}",
                            f"--peer=NOTLS=tls://127.0.0.1:{self.destination().port}", "--dimse-artim-timeout-ms", "2000",
                            *flags)
        command, _ = self.move(server, study_key())
        self.assertEqual(command[peer.STATUS], SUCCESS, command)
        self.assertEqual(len(self.received()), 6)
        for name in ("PLAIN", "NOTLS"):
            self.assertEqual(self.move(server, study_key(), to=name)[0][peer.STATUS], UNABLE)



class GetTest(RetrieveTest):
    def associate(self, server, storage=((CT, [dicom.EXPLICIT]), (dicom.SOP_CLASSES["MR"], [dicom.EXPLICIT])),
                  sop_class=STUDY_GET, scu=0, scp=1):
        contexts = {1: (sop_class, [peer.EXPLICIT])}
        contexts |= {2 * number + 3: one for number, one in enumerate(storage)}
        more = b"".join(role(one, scu, scp) for one in dict.fromkeys(one for one, _ in storage)) if scp else b""
        association = peer.Association(server.dimse_port, contexts, more=more)
        self.addCleanup(association.close)
        return association

    def take(self, association, answer=lambda request: 0):
        """Answers C-STORE requests until the final response: (its command, its data set, stored, counts told)."""
        objects, told = {}, []
        while True:
            context, command, data_set = association.read_message()
            if command[peer.FIELD] == 1:
                objects[command[peer.SOP_INSTANCE]] = data_set
                self.assertNotIn(ORIGINATOR, command)
                association.send_message(context, {
                    peer.SOP_CLASS: command[peer.SOP_CLASS], peer.FIELD: 0x8001, peer.RESPONDED: command[peer.MESSAGE_ID],
                    peer.STATUS: answer(command), peer.SOP_INSTANCE: command[peer.SOP_INSTANCE]})
                continue
            self.assertEqual(command[peer.FIELD], 0x8010)
            if command[peer.STATUS] != PENDING:
                return command, data_set, objects, told
            told.append(command[REMAINING])

    def get(self, server, data_set, **options):
        association = self.associate(server, **options)
        self.ask(association, 0x10, STUDY_GET, data_set)
        taken = self.take(association)
        association.release()
        return taken

    def test_all_levels_and_lists(self):
        server = self.serve()
        for model, keys, expected in self.cases():
            with self.subTest(keys):
                arguments = [argument for key in keys for argument in ("-k", key)]
                code, output = tool("getscu", "-v", model, "-od", self.out, *arguments, "127.0.0.1", server.dimse_port)
                self.assertEqual(code, 0, output)
                received = self.received()
                self.assertEqual(set(received), expected, output)
                for uid, file in received.items():
                    self.assertEqual(peer.bare(file)[-512:], peer.bare(self.objects[uid])[-512:])

    def test_getscu_in_transfer_syntaxes(self):
        plain = self.files / f"{dicom.sop_instance_uid(1, 1, 1)}.dcm"
        jpeg = self.files.parent / "jpeg.dcm"
        self.assertEqual(tool("dcmcjpeg", "+e1", plain, jpeg)[0], 0)
        server = self.serve(files=False)
        send(server.dimse_port, [jpeg], "-xs")
        for option in ("+xe", "+x=", "+xs"):
            with self.subTest(option):
                code, output = tool("getscu", "-S", "+B", option, "-od", self.out, "-k", "QueryRetrieveLevel=STUDY", "-k",
                                    f"StudyInstanceUID={dicom.study_uid(1)}", "127.0.0.1", server.dimse_port)
                self.assertEqual(code, 0, output)
                received = self.received()
                self.assertEqual(set(received), self.uids((1, 1, 1)), output)
                whole = next(iter(received.values()))
                self.assertIn(dicom.EXPLICIT.encode() + b"\0", whole[:400])
                self.assertEqual(peer.bare(whole)[-512:], peer.bare(plain.read_bytes())[-512:])
        for syntax, begins in ((dicom.EXPLICIT, b"\x08\0\5\0CS"), (dicom.IMPLICIT, b"\x08\0\5\0\x0a\0\0\0")):
            command, _, objects, _ = self.get(server, study_key(), storage=((CT, [syntax]),))
            self.assertEqual(command[peer.STATUS], SUCCESS)
            data_set = next(iter(objects.values()))
            self.assertTrue(data_set.startswith(begins), data_set[:20])
            self.assertEqual(data_set[-512:], peer.bare(plain.read_bytes())[-512:])
        # In a context of its own, it comes as it is.
        storage = ((CT, [dicom.EXPLICIT, dicom.IMPLICIT]), (CT, [dicom.JPEG_LOSSLESS]))
        command, _, objects, _ = self.get(server, study_key(), storage=storage)
        self.assertEqual(command[peer.STATUS], SUCCESS)
        self.assertEqual(list(objects.values()), [peer.bare(jpeg.read_bytes())])

    def test_roles(self):
        server = self.serve()
        for scu, scp, status in ((0, 1, SUCCESS), (1, 1, SUCCESS), (0, 0, UNABLE)):
            command, _, objects, _ = self.get(server, study_key(), scu=scu, scp=scp)
            self.assertEqual((command[peer.STATUS], len(objects)), (status, 6 if status == SUCCESS else 0))
        command, failed, objects, _ = self.get(server, study_key(), storage=((CT, [dicom.EXPLICIT]),))
        self.assertEqual((command[peer.STATUS], len(objects), len(failed_uids(failed))), (WARNING, 3, 3))

    def test_the_role_is_granted_in_so_many_words(self):
        server = self.serve(files=False)
        contexts = {1: (STUDY_GET, [peer.EXPLICIT]), 3: (CT, [dicom.EXPLICIT]), 5: (CT, [dicom.IMPLICIT])}
        wire = peer.Wire(socket.create_connection(("127.0.0.1", server.dimse_port)))
        wire.send(peer.associate(contexts, more=role(CT, 0, 1) + role(STUDY_GET, 1, 1)))
        kind, body = wire.receive()
        self.assertEqual(kind, 2)
        wire.close()
        self.assertEqual(body.count(role(CT, 0, 1)), 1)
        self.assertNotIn(role(STUDY_GET, 1, 1), body)

    def test_what_fails_is_listed(self):
        server = self.serve()
        bad = dicom.sop_instance_uid(1, 2, 2)
        association = self.associate(server)
        self.ask(association, 0x10, STUDY_GET, study_key())
        command, failed, _, _ = self.take(association, lambda one: 0xC000 if one[peer.SOP_INSTANCE] == bad else 0)
        self.assertEqual((command[peer.STATUS], failed_uids(failed)), (WARNING, [bad]))
        self.assertEqual((command[COMPLETED], command[FAILED]), (5, 1))
        association.release()

    def test_progress_is_told(self):
        association = self.associate(self.serve())
        self.ask(association, 0x10, STUDY_GET, study_key())
        command, _, _, told = self.take(association, lambda _: time.sleep(0.3) or 0)
        self.assertEqual((command[peer.STATUS], told), (SUCCESS, [5, 4, 3, 2, 1]))
        association.release()

    def test_cancel(self):
        association = self.associate(self.serve())
        message_id = self.ask(association, 0x10, STUDY_GET, study_key())

        def cancel(_):
            association.send_message(1, {peer.FIELD: 0x0FFF, peer.RESPONDED: message_id})
            return 0
        command, _, objects, _ = self.take(association, cancel)
        self.assertEqual((command[peer.STATUS], len(objects), command[REMAINING]), (CANCEL, 1, 5))
        self.ask(association, 0x10, STUDY_GET, study_key())
        self.assertEqual(self.take(association)[0][peer.STATUS], SUCCESS)
        association.release()

    def test_a_peer_that_does_not_answer(self):
        server = self.serve("--dimse-pdu-timeout-ms", "500")
        association = self.associate(server)
        self.ask(association, 0x10, STUDY_GET, study_key())
        association.read_message()
        begun = time.monotonic()
        self.assertEqual(association.receive()[0], 7)
        self.assertLess(time.monotonic() - begun, 5)

    def test_what_breaks_the_protocol(self):
        server = self.serve()
        for elements in ({peer.FIELD: 0x8001, peer.RESPONDED: 999, peer.STATUS: 0},
                         {peer.FIELD: 0x30, peer.MESSAGE_ID: 5, peer.SOP_CLASS: peer.VERIFICATION}):
            association = self.associate(server)
            self.ask(association, 0x10, STUDY_GET, study_key())
            association.read_message()
            association.send_message(3, elements)
            self.assertEqual(association.receive()[0], 7)
        self.assertEqual(self.get(server, study_key())[0][peer.STATUS], SUCCESS)

    def test_store_and_get_on_one_association(self):
        server = self.serve()
        association = self.associate(server, scu=1)
        data_set = peer.bare(dicom.instance(study=5))
        self.assertEqual(association.store(data_set, dicom.sop_instance_uid(5, 1, 1))[peer.STATUS], 0)
        self.ask(association, 0x10, STUDY_GET, study_key(5))
        command, _, objects, _ = self.take(association)
        self.assertEqual((command[peer.STATUS], objects), (SUCCESS, {dicom.sop_instance_uid(5, 1, 1): data_set}))
        association.release()

    def test_an_object_whose_file_is_gone(self):
        server = self.serve()
        gone = dicom.sop_instance_uid(1, 1, 3)
        until(lambda: len(stored(self.data)) == 18)
        stored(self.data)[gone].unlink()
        command, failed, objects, _ = self.get(server, study_key())
        self.assertEqual((command[peer.STATUS], failed_uids(failed), len(objects)), (WARNING, [gone], 5))


if __name__ == "__main__":
    unittest.main()

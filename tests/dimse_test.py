"""DIMSE through the front door: dcmtk's tools and Orthanc as senders, and PDU by PDU what those do not do."""

import json
import os
import socket
import subprocess
import tempfile
import threading
import time
import unittest
from pathlib import Path

import dicom_data as dicom
import dimse_peer as peer
import orthanc_archive
from lightbox import Server

CT = peer.CT
ENVIRONMENT = {**os.environ, "TCP_NODELAY": "1"}


def tool(*arguments, timeout=120):
    """One of dcmtk's: (exit code, output)."""
    done = subprocess.run([str(argument) for argument in arguments], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace", timeout=timeout, env=ENVIRONMENT)
    return done.returncode, done.stdout


def stored(data):
    """SOP Instance UID -> the archive's file."""
    return {path.stem: path for path in Path(data).glob("dicom/[0-9]*/*/*/*/*.dcm")}


def until(is_so, seconds=10):
    """What has been acknowledged becomes a file within moments."""
    ends = time.monotonic() + seconds
    while not is_so() and time.monotonic() < ends:
        time.sleep(0.01)


def file_of(data, uid):
    until(lambda: uid in stored(data))
    return stored(data)[uid]


def uid_of(number, study=1):
    return dicom.sop_instance_uid(study, 1, number)


class DimseTest(unittest.TestCase):
    flags = ()

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.files = Path(self.folder.name) / "files"
        self.files.mkdir()
        self.data = Path(self.folder.name) / "data"

    def serve(self, *flags):
        server = Server(self.data, *flags)
        self.addCleanup(server.__exit__)
        return server

    def write(self, name, file):
        (self.files / name).write_bytes(file)
        return self.files / name


class StoreTest(DimseTest):
    def test_echo(self):
        code, output = tool("echoscu", "127.0.0.1", self.serve().dimse_port)
        self.assertEqual(code, 0, output)

    def test_storescu_in_many_transfer_syntaxes(self):
        server = self.serve()
        options = {dicom.IMPLICIT: "-xi", dicom.EXPLICIT: "-xe", dicom.BIG_ENDIAN: "-xb", dicom.DEFLATED: "-xd",
                   dicom.JPEG: "-xy", dicom.JPEG_LOSSLESS: "-xs", dicom.JPEG_LS: "-xt", dicom.JPEG_2000: "-xv",
                   dicom.RLE: "-xr"}
        for number, (syntax, option) in enumerate(options.items()):
            with self.subTest(syntax=syntax):
                path = self.write("one.dcm", dicom.instance(number=number, transfer_syntax=syntax))
                code, output = tool("storescu", "-R", option, "127.0.0.1", server.dimse_port, path)
                self.assertEqual(code, 0, output)
                kept = file_of(self.data, uid_of(number)).read_bytes()
                self.assertIn(syntax.encode() + b"\0" * (len(syntax) % 2) + b"\2\0", kept[:400])

    def test_bytes_arrive_as_they_were_sent(self):
        server = self.serve()
        syntaxes = [dicom.IMPLICIT, dicom.EXPLICIT, dicom.BIG_ENDIAN, dicom.DEFLATED, dicom.HTJ2K, dicom.RLE,
                    "1.3.6.1.4.1.5962.99.1"]
        for number, syntax in enumerate(syntaxes):
            for fragment in (1 << 14, 500):
                with self.subTest(syntax=syntax, fragment=fragment):
                    data_set = peer.bare(dicom.instance(number=number, transfer_syntax=syntax))
                    association = peer.Association(server.dimse_port, {3: (CT, [syntax])})
                    self.assertEqual(association.accepted[3], (0, syntax))
                    response = association.store(data_set, uid_of(number), fragment=fragment)
                    self.assertEqual(response[peer.STATUS], 0, response)
                    association.release()
                    kept = file_of(self.data, uid_of(number)).read_bytes()
                    self.assertEqual(peer.bare(kept), data_set)
                    self.assertIn(syntax.encode(), kept[:400])

    def test_large_objects_go_to_disk(self):
        server = self.serve()
        file = dicom.instance(rows=2000, columns=2000)
        path = self.write("large.dcm", file)
        code, output = tool("storescu", "-xe", "-R", "--max-pdu", 131072, "--max-send-pdu", 131072, "127.0.0.1",
                            server.dimse_port, path)
        self.assertEqual(code, 0, output)
        self.assertEqual(peer.bare(file_of(self.data, uid_of(1)).read_bytes()), peer.bare(file))

    def test_dcmsend_and_many_associations_at_once(self):
        server = self.serve()
        for number in range(60):
            self.write(f"{number}.dcm", dicom.instance(number=number))
        senders = [subprocess.Popen(["storescu", "-xe", "--repeat", "2", "127.0.0.1", str(server.dimse_port),
                                     *map(str, sorted(self.files.glob(f"*{part}.dcm")))], env=ENVIRONMENT)
                   for part in range(10)]
        self.assertEqual([sender.wait(timeout=120) for sender in senders], [0] * 10)
        until(lambda: len(stored(self.data)) >= len({uid_of(number) for number in range(60)}))
        self.assertEqual(set(stored(self.data)), {uid_of(number) for number in range(60)})
        code, output = tool("dcmsend", "--scan-directories", "127.0.0.1", server.dimse_port, self.files)
        self.assertEqual(code, 0, output)

    def test_unknown_classes_by_configuration(self):
        private = "1.3.46.670589.11.0.0.12.1"
        contexts = {1: (private, [dicom.EXPLICIT]), 3: ("1.2.840.10008.5.1.4.31", [dicom.EXPLICIT]),
                    5: (CT, ["1.2.3.4.5"]), 7: (CT, [dicom.IMPLICIT, dicom.EXPLICIT])}
        server = self.serve()
        association = peer.Association(server.dimse_port, contexts)
        self.assertEqual(association.accepted[1], (0, dicom.EXPLICIT))
        self.assertEqual(association.accepted[3][0], 3)
        self.assertEqual(association.accepted[5], (0, "1.2.3.4.5"))
        self.assertEqual(association.accepted[7], (0, dicom.EXPLICIT))
        data_set = peer.bare(dicom.instance(SOPClassUID=private))
        self.assertEqual(association.store(data_set, uid_of(1), private, context=1)[peer.STATUS], 0)
        association.release()
        server.stop()
        association = peer.Association(self.serve("--dimse-unknown", "refuse").dimse_port, contexts)
        self.assertEqual([association.accepted[number][0] for number in (1, 3, 5, 7)], [3, 3, 4, 0])
        association.release()

    def test_many_contexts_and_what_else_is_negotiated(self):
        server = self.serve()
        classes = list(dicom.SOP_CLASSES.values())
        contexts = {number: (classes[number % len(classes)], [f"1.2.3.{n}" for n in range(70)] + [dicom.IMPLICIT])
                    for number in range(1, 256, 2)}
        more = (peer.item(0x53, b"\0\0\0\0") + peer.item(0x54, b"\0\x19" + CT.encode() + b"\1\0")
                + peer.item(0x56, b"\0\x19" + CT.encode() + b"\2\0\0\0\0\0")
                + peer.item(0x58, b"\1\1\0\4user\0\0"))
        association = peer.Association(server.dimse_port, contexts, more=more)
        self.assertEqual(len(association.accepted), 128)
        self.assertEqual({result for result, _ in association.accepted.values()}, {0})
        context = next(number for number, (abstract, _) in contexts.items() if abstract == CT)
        response = association.store(peer.bare(dicom.instance()), uid_of(1), context=context)
        # The transfer syntax that was agreed is not one of the standard's: taken for explicit little endian.
        self.assertEqual(response[peer.STATUS], 0, response)
        association.release()

    def test_statuses(self):
        server = self.serve()
        association = peer.Association(server.dimse_port, {1: (peer.VERIFICATION, [dicom.IMPLICIT]),
                                                           3: (CT, [dicom.EXPLICIT])})
        good = peer.bare(dicom.instance())
        other = peer.bare(dicom.instance(StudyDescription="other"))
        self.assertEqual(association.store(good, uid_of(1))[peer.STATUS], 0)
        self.assertEqual(association.store(good, uid_of(1))[peer.STATUS], 0)
        cases = [
            (0x0111, association.store(other, uid_of(1))),
            (0xA900, association.store(good, "1.2.3.9")),
            (0xA900, association.store(good, uid_of(1), dicom.SOP_CLASSES["MR"])),
            (0xC000, association.store(b"\x08\0\x18\0UI\xff\xff1.2", uid_of(2))),
            (0xC000, association.store(peer.bare(dicom.instance(number=3, StudyInstanceUID=None)), uid_of(3))),
            (0x0117, association.store(good, "nonsense")),
            (0x0122, association.store(good, uid_of(1), context=1)),
        ]
        for status, response in cases:
            self.assertEqual(response[peer.STATUS], status, response)
            self.assertTrue(0 < len(response[peer.COMMENT]) <= 64, response)
        self.assertIn(peer.OFFENDING, cases[1][1])
        association.send_message(3, {peer.SOP_CLASS: CT, peer.SOP_INSTANCE: uid_of(1), peer.FIELD: 1,
                                     peer.MESSAGE_ID: 77})
        response = association.read_message()[1]
        self.assertEqual((response[peer.STATUS], response[peer.RESPONDED]), (0xC000, 77))
        # C-FIND and C-GET are not of this presentation context, and N-GET is not here.
        for field, status in ((0x20, 0x0122), (0x10, 0x0122), (0x110, 0x0211)):
            association.send_message(3, {peer.SOP_CLASS: CT, peer.FIELD: field, peer.MESSAGE_ID: 78}, good)
            self.assertEqual(association.read_message()[1][peer.STATUS], status)
        self.assertEqual(association.echo(), 0)
        association.release()
        until(lambda: len(stored(self.data)) >= len({uid_of(1)}))
        self.assertEqual(set(stored(self.data)), {uid_of(1)})

    def test_orthanc_sends(self):
        server = self.serve()
        config = {"DicomModalities": {"lightbox": ["LIGHTBOX", "127.0.0.1", server.dimse_port]}}
        with orthanc_archive.Orthanc(self.files / "orthanc", config=config) as orthanc:
            orthanc.store(dicom.instance(number=number) for number in range(5))
            ids = orthanc.ask("GET", "/instances")
            result = json.loads(orthanc.ask("POST", "/modalities/lightbox/store", ids))
        self.assertEqual(result["FailedInstancesCount"], 0, result)
        until(lambda: len(stored(self.data)) >= len({uid_of(number) for number in range(5)}))
        self.assertEqual(set(stored(self.data)), {uid_of(number) for number in range(5)})


class AdmissionTest(DimseTest):
    def refused(self, port, **options):
        """(result, source, reason) of A-ASSOCIATE-RJ."""
        with self.assertRaises(peer.Ended) as ended:
            peer.Association(port, **options)
        kind, body = ended.exception.pdu
        self.assertEqual(kind, 3)
        return tuple(body[1:])

    def test_titles(self):
        server = self.serve("--aet", "ARCHIVE", "--dimse-called", "own")
        self.assertEqual(self.refused(server.dimse_port), (1, 1, 7))
        self.assertEqual(self.refused(server.dimse_port, called="ARCHIVE", application=b"1.2.3"), (1, 1, 2))
        peer.Association(server.dimse_port, called="ARCHIVE").release()
        request = peer.associate({1: (peer.VERIFICATION, [dicom.IMPLICIT])}, called="ARCHIVE", calling="CALLER")
        peer.Association(server.dimse_port, request=request.replace(b"CALLER", b"A\xff\xed\nB\\")).release()
        server.stop()
        self.assertIn("calling=A???B?", server.log_text())

    def test_callers_from_other_machines(self):
        address = own_address()
        if address is None:
            self.skipTest("this machine has no address but loopback")
        code, output = tool(os.environ.get("LIGHTBOX", "../build/lightbox"), "serve", "--data", self.data, "--listen",
                            "127.0.0.1:0", "--dimse", f"{address}:0")
        self.assertEqual(code, 1)
        self.assertIn("dimse_accept", output)
        server = self.serve("--dimse", f"{address}:0", "--dimse-accept", f"CT1={address}", "--dimse-accept",
                            "CT2=192.0.2.7")
        self.assertEqual(self.refused(server.dimse_port, address=address, calling="CT2"), (1, 1, 3))
        self.assertEqual(self.refused(server.dimse_port, address=address, calling="CT3"), (1, 1, 3))
        peer.Association(server.dimse_port, address=address, calling="CT1").release()

    def test_limit_of_associations(self):
        server = self.serve("--dimse-associations-max", "3")
        held = [peer.Association(server.dimse_port) for _ in range(3)]
        for _ in range(20):
            self.assertEqual(self.refused(server.dimse_port), (2, 3, 2))
        for association in held:
            self.assertEqual(association.echo(), 0)
            association.release()
        ends = time.monotonic() + 10
        while True:
            try:
                peer.Association(server.dimse_port).release()
                break
            except peer.Ended:
                self.assertLess(time.monotonic(), ends)

    def test_a_flood_ends(self):
        server = self.serve("--dimse-artim-timeout-ms", "500", "--dimse-associations-max", "8")
        flood = [socket.create_connection(("127.0.0.1", server.dimse_port)) for _ in range(500)]
        ends = time.monotonic() + 20
        while True:
            try:
                association = peer.Association(server.dimse_port)
                break
            except peer.Ended:
                self.assertLess(time.monotonic(), ends)
                time.sleep(0.05)
        self.assertEqual(association.echo(), 0)
        association.release()
        for one in flood:
            one.close()


def own_address():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        try:
            one.connect(("192.0.2.1", 9))
            address = one.getsockname()[0]
        except OSError:
            return None
    return None if address.startswith("127.") else address


class BadPeerTest(DimseTest):
    def test_what_is_no_association(self):
        server = self.serve()
        good = peer.associate({1: (peer.VERIFICATION, [dicom.IMPLICIT])})
        cases = {
            "garbage": (os.urandom(3000), None),
            "http": (b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", 1),
            "a huge PDU": (b"\1\0\xff\xff\xff\xff" + bytes(100), 6),
            "data first": (b"\4\0\0\0\0\1" + bytes(100), 2),
            "a context beyond its PDU": (peer.pdu(1, good[6:-30]), 6),
            "an even context": (peer.associate({2: (peer.VERIFICATION, [dicom.IMPLICIT])}), 6),
            "an empty request": (peer.pdu(1, b""), 6),
        }
        for name, (sent, reason) in cases.items():
            with self.subTest(name):
                wire = peer.Wire(socket.create_connection(("127.0.0.1", server.dimse_port)))
                wire.send(sent)
                try:
                    kind, body = wire.receive()
                    self.assertEqual(kind, 7)
                    if reason is not None:
                        self.assertEqual(tuple(body), (0, 0, 2, reason))
                except peer.Ended:
                    self.assertIsNone(reason)
                wire.close()
        self.assert_well(server)

    def assert_well(self, server):
        association = peer.Association(server.dimse_port)
        self.assertEqual(association.echo(), 0)
        association.release()
        incoming = self.data / "dicom" / "incoming"
        until(lambda: not any(incoming.iterdir()))
        self.assertEqual(list(incoming.iterdir()), [])

    def test_what_breaks_an_association(self):
        server = self.serve()
        value, size = peer.Wire.value, 1 << 15
        cases = {
            "garbage": os.urandom(5000),
            "an unknown PDU": b"\x55\0\0\0\0\4" + bytes(4),
            "a PDU that is too long": b"\4\0\x7f\xff\xff\xff" + bytes(64),
            "a value beyond its PDU": peer.pdu(4, b"\0\0\xff\xff\1\3abcd"),
            "an empty PDU": peer.pdu(4, b""),
            "a command that is none": value(1, os.urandom(100), 3),
            "a command without end": value(1, bytes(16000), 1) * 5,
            "a command with nested sequences": value(1, b"\0\0\1\0\xff\xff\xff\xff\xfe\xff\0\xe0\xff\xff\xff\xff" * 999,
                                                     3),
            "a data set without a command": value(3, bytes(size), 2),
            "a context that was not accepted": value(9, peer.command({peer.FIELD: 0x30, peer.MESSAGE_ID: 1}), 3),
            "no message id": value(1, peer.command({peer.FIELD: 0x30, peer.DATA_SET_TYPE: peer.NO_DATA_SET}), 3),
            "a second request": peer.associate({1: (peer.VERIFICATION, [dicom.IMPLICIT])}),
            "a command in the midst of data": value(3, peer.command({
                peer.SOP_CLASS: CT, peer.SOP_INSTANCE: "1.2", peer.FIELD: 1, peer.MESSAGE_ID: 1,
                peer.DATA_SET_TYPE: 0}), 3) + value(3, bytes(size), 0) + value(3, bytes(20), 3),
        }
        for name, sent in cases.items():
            with self.subTest(name):
                association = peer.Association(server.dimse_port)
                association.send(sent)
                try:
                    kind, _ = association.receive()
                    self.assertEqual(kind, 7)
                except peer.Ended:
                    self.assertEqual(name, "garbage")
                association.close()
        self.assert_well(server)

    def test_half_of_anything(self):
        server = self.serve()
        request = peer.associate({1: (peer.VERIFICATION, [dicom.IMPLICIT])})
        for length in range(0, len(request), 7):
            with socket.create_connection(("127.0.0.1", server.dimse_port)) as one:
                one.sendall(request[:length])
        data_set = peer.bare(dicom.instance(rows=1000, columns=1000))
        for share in (0.1, 0.5, 0.9):
            association = peer.Association(server.dimse_port)
            association.send(peer.Wire.value(3, peer.command({
                peer.SOP_CLASS: CT, peer.SOP_INSTANCE: uid_of(1), peer.FIELD: 1, peer.MESSAGE_ID: 1,
                peer.DATA_SET_TYPE: 0}), 3))
            for at in range(0, int(len(data_set) * share), 16000):
                association.send(peer.Wire.value(3, data_set[at:at + 16000], 0))
            association.close()
        ends = time.monotonic() + 10
        while any((self.data / "dicom" / "incoming").iterdir()):
            self.assertLess(time.monotonic(), ends)
        self.assert_well(server)
        self.assertEqual(stored(self.data), {})

    def test_slow_peers_are_let_go(self):
        server = self.serve("--dimse-artim-timeout-ms", "400", "--dimse-pdu-timeout-ms", "400",
                            "--dimse-idle-timeout-ms", "1200")
        request = peer.associate({1: (peer.VERIFICATION, [dicom.IMPLICIT])})
        begun = time.monotonic()
        wire = peer.Wire(socket.create_connection(("127.0.0.1", server.dimse_port)))
        with self.assertRaises((peer.Ended, OSError)):  # a byte now and then does not help
            for byte in request:
                wire.send(bytes([byte]))
                time.sleep(0.05)
        self.assertLess(time.monotonic() - begun, 5)
        idle, half = peer.Association(server.dimse_port), peer.Association(server.dimse_port)
        half.send(b"\4\0\0\0\1\0")
        begun = time.monotonic()
        self.assertEqual(half.receive()[0], 7)
        self.assertLess(time.monotonic() - begun, 1.1)
        self.assertEqual(idle.receive()[0], 7)
        self.assertGreater(time.monotonic() - begun, 1)
        self.assert_well(server)

    def test_stopping(self):
        server = self.serve()
        idle = peer.Association(server.dimse_port)
        begun = time.monotonic()
        self.assertEqual(server.stop(), 0)
        self.assertLess(time.monotonic() - begun, 5)
        self.assertEqual(idle.receive()[0], 7)


class DurabilityTest(DimseTest):
    def test_what_was_acknowledged_is_there_after_a_kill(self):
        acknowledged, lock = [], threading.Lock()

        def send(port, study):
            association = peer.Association(port)
            try:
                for number in range(10_000):
                    data_set = peer.bare(dicom.instance(study=study, number=number))
                    if association.store(data_set, uid_of(number, study))[peer.STATUS] == 0:
                        with lock:
                            acknowledged.append(uid_of(number, study))
            except (peer.Ended, OSError):
                association.close()

        for turn in range(5):
            server = Server(self.data)
            senders = [threading.Thread(target=send, args=(server.dimse_port, 10 * turn + n)) for n in range(4)]
            for sender in senders:
                sender.start()
            time.sleep(0.4 + 0.1 * turn)
            server.kill()
            for sender in senders:
                sender.join()
        self.assertGreater(len(acknowledged), 50)
        server = self.serve()
        association = peer.Association(server.dimse_port, {5: (peer.COMMITMENT, [dicom.EXPLICIT])})
        association.ask_commitment([(CT, uid) for uid in acknowledged])
        self.assertEqual(association.take_report()[0], 1)
        association.release()


class CommitmentTest(DimseTest):
    contexts = {3: (CT, [dicom.EXPLICIT]), 5: (peer.COMMITMENT, [dicom.EXPLICIT]),
                7: (peer.COMMITMENT, [dicom.IMPLICIT])}

    def listening(self):
        """The port of the one who gets reports, and its socket."""
        listening = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listening.close)
        listening.settimeout(30)
        return listening.getsockname()[1], listening

    def association_with_one(self, server):
        association = peer.Association(server.dimse_port, self.contexts, calling="CT1")
        self.assertEqual(association.store(peer.bare(dicom.instance()), uid_of(1))[peer.STATUS], 0)
        return association

    def test_on_the_same_association(self):
        association = self.association_with_one(self.serve())
        self.assertEqual(association.ask_commitment([(CT, uid_of(1))])[peer.STATUS], 0)
        event, data_set = association.take_report()
        self.assertEqual(event, 1)
        self.assertIn(uid_of(1).encode(), data_set)
        missing = association.ask_commitment([(CT, uid_of(1)), (CT, "1.2.3"), (dicom.SOP_CLASSES["MR"], uid_of(1))],
                                             "1.2.840.1", context=7, syntax=dicom.IMPLICIT)
        self.assertEqual(missing[peer.STATUS], 0)
        event, data_set = association.take_report()
        self.assertEqual(event, 2)
        self.assertTrue(data_set.startswith(b"\x08\0\x95\x11\x0a\0\0\0" + b"1.2.840.1\0"), data_set)
        self.assertIn(b"1.2.3\0" + b"\x08\0\x97\x11\2\0\0\0\x12\1", data_set)
        self.assertIn(b"\x08\0\x97\x11\2\0\0\0\x19\1", data_set)
        association.release()

    def test_a_file_that_is_gone_is_not_committed(self):
        association = self.association_with_one(self.serve())
        file_of(self.data, uid_of(1)).unlink()
        association.ask_commitment([(CT, uid_of(1))])
        event, data_set = association.take_report()
        self.assertEqual(event, 2)
        self.assertIn(b"\x97\x11US\2\0\x10\1", data_set)
        association.release()

    def test_statuses(self):
        association = self.association_with_one(self.serve())
        self.assertEqual(association.ask_commitment([(CT, uid_of(1))], action=2)[peer.STATUS], 0x0123)
        self.assertEqual(association.ask_commitment([])[peer.STATUS], 0x0115)
        self.assertEqual(association.ask_commitment([(CT, uid_of(1))], "no uid")[peer.STATUS], 0x0115)
        self.assertEqual(association.ask_commitment([(CT, uid_of(1))], context=3)[peer.STATUS], 0x0122)
        association.release()

    def test_on_a_new_association_when_the_first_has_ended(self):
        port, listening = self.listening()
        association = self.association_with_one(self.serve("--peer", f"CT1=127.0.0.1:{port}", "--aet", "ARCHIVE"))
        association.ask_commitment([(CT, uid_of(1))])
        association.close()  # without looking at the report
        title, event, data_set = peer.accept_report(listening)
        self.assertEqual((title, event), ("ARCHIVE", 1))
        self.assertIn(uid_of(1).encode(), data_set)

    def test_again_until_it_is_taken(self):
        port, listening = self.listening()
        association = self.association_with_one(self.serve("--peer", f"CT1=127.0.0.1:{port}"))
        association.ask_commitment([(CT, uid_of(1)), (CT, "1.2.3")])
        self.assertEqual(association.take_report(status=0x0110)[0], 2)  # refused: so it comes again
        association.release()
        listening.accept()[0].close()
        self.assertEqual(peer.accept_report(listening, status=0x0110)[1], 2)
        self.assertEqual(peer.accept_report(listening)[1], 2)
        listening.settimeout(3)
        self.assertRaises(TimeoutError, listening.accept)


    def test_after_a_restart(self):
        port, listening = self.listening()
        listening.close()
        server = self.serve("--peer", f"CT1=127.0.0.1:{port}")
        association = self.association_with_one(server)
        association.ask_commitment([(CT, uid_of(1)), (CT, "1.2.3")], "1.2.840.77")
        server.kill()  # nothing has been said since the response to N-ACTION
        association.close()
        server = self.serve("--peer", f"CT1=127.0.0.1:{port}")
        association = peer.Association(server.dimse_port, self.contexts, calling="CT1")
        association.ask_commitment([(CT, uid_of(1))], "1.2.840.78")
        association.take_report()  # and this one is not for later
        association.release()
        server.__exit__()
        listening = socket.create_server(("127.0.0.1", port))
        self.addCleanup(listening.close)
        listening.settimeout(30)
        server = self.serve("--peer", f"CT1=127.0.0.1:{port}")
        _, event, data_set = peer.accept_report(listening)
        self.assertEqual(event, 2)
        self.assertIn(b"1.2.840.77", data_set)
        self.assertIn(b"1.2.3\0" + b"\x08\0\x97\x11US\2\0\x12\1", data_set)
        listening.settimeout(2)
        self.assertRaises(TimeoutError, listening.accept)
        server.__exit__()
        self.serve("--peer", f"CT1=127.0.0.1:{port}")
        self.assertRaises(TimeoutError, listening.accept)  # it has been taken

    def test_is_given_up_in_the_end(self):
        port, listening = self.listening()
        listening.close()
        flags = ("--peer", f"CT1=127.0.0.1:{port}", "--dimse-report-retry-ms", "1500")
        server = self.serve(*flags)
        association = self.association_with_one(server)
        association.ask_commitment([(CT, uid_of(1))], "1.2.840.77")
        association.close()
        server.kill()
        time.sleep(1.6)
        server = self.serve(*flags)
        ends = time.monotonic() + 10
        while "commitment_report_lost" not in server.log_text():
            self.assertLess(time.monotonic(), ends, server.log_text())
            time.sleep(0.05)


class TlsTest(DimseTest):
    def certificate(self, name, issuer=None):
        key, request, certificate = (self.files / f"{name}.{kind}" for kind in ("key", "csr", "pem"))
        new = ["openssl", "req", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-subj", f"/CN={name}"]
        if issuer is None:
            code, output = tool(*new, "-x509", "-days", "2", "-out", certificate)
            self.assertEqual(code, 0, output)
            return key, certificate
        self.assertEqual(tool(*new, "-out", request)[0], 0)
        code, output = tool("openssl", "x509", "-req", "-in", request, "-CA", issuer[1], "-CAkey", issuer[0],
                            "-CAcreateserial", "-days", "2", "-out", certificate)
        self.assertEqual(code, 0, output)
        return key, certificate

    def test_tls(self):
        issuer, stranger = self.certificate("issuer"), self.certificate("stranger")
        own, client = self.certificate("server", issuer), self.certificate("client", issuer)
        server = self.serve("--dimse-tls-listen", "127.0.0.1:0", "--dimse-tls-cert", own[1], "--dimse-tls-key", own[0],
                            "--dimse-tls-ca", issuer[1])
        for number in range(30):
            self.write(f"{number}.dcm", dicom.instance(number=number))
        self.write("large.dcm", dicom.instance(number=99, rows=1500, columns=1500))

        def send(key, certificate, port, *options):
            return tool("storescu", "-xe", "+tls", key, certificate, "+cf", issuer[1], *options, "127.0.0.1", port,
                        *sorted(self.files.glob("*.dcm")))

        code, output = send(*client, server.dimse_tls_port)
        self.assertEqual(code, 0, output)
        until(lambda: len(stored(self.data)) >= len({uid_of(number) for number in [*range(30), 99]}))
        self.assertEqual(set(stored(self.data)), {uid_of(number) for number in [*range(30), 99]})
        self.assertNotEqual(send(*stranger, server.dimse_tls_port)[0], 0)
        self.assertNotEqual(send(*client, server.dimse_port)[0], 0)
        self.assertNotEqual(tool("echoscu", "-to", 5, "-ta", 5, "127.0.0.1", server.dimse_tls_port)[0], 0)
        self.assertEqual(send(*client, server.dimse_tls_port)[0], 0)

    def test_certificates_that_cannot_be_used(self):
        own, other = self.certificate("server"), self.certificate("other")
        binary = os.environ.get("LIGHTBOX", "../build/lightbox")
        for certificate, key, ca, told in [(own[1], other[0], own[1], "the key is of another"),
                                           (self.files / "none.pem", own[0], own[1], "none.pem"),
                                           (own[1], own[0], "", "dimse_tls_ca")]:
            code, output = tool(binary, "serve", "--data", self.data, "--listen", "127.0.0.1:0", "--dimse", "off",
                                "--dimse-tls-listen", "127.0.0.1:0", "--dimse-tls-cert", certificate,
                                "--dimse-tls-key", key, *(["--dimse-tls-ca", ca] if ca else []))
            self.assertNotEqual(code, 0)
            self.assertIn(told, output)


if __name__ == "__main__":
    unittest.main()

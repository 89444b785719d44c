"""HL7 messages over MLLP that say that a study exists: what they are answered, and that it is looked for."""

import re
import socket
import time
import unittest

import dicom_data as dicom
from lightbox import Server, run
from pull_test import PullCase
from sources_test import eventually

# The separators, and all that is before the type.
MSH = "MSH|^~\\&|RIS|HOSP^1.2.3^ISO|LIGHTBOX|RAD|20260301083000||"


def message(*segments, kind="ORM^O01", control_id="4711"):
    return "\r".join([f"{MSH}{kind}|{control_id}|P|2.3.1", *segments, ""]).encode()


def framed(content):
    return b"\x0b" + content + b"\x1c\r"


class Sender:
    """One connection to the server."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.received = b""

    def send(self, content, piece_bytes=None):
        for begin in range(0, len(content), piece_bytes or len(content)):
            self.socket.sendall(content[begin:begin + (piece_bytes or len(content))])
            if piece_bytes:
                time.sleep(0.005)

    def answer(self):
        """The fields of MSH and of MSA; MSH-2 is fields[1]."""
        while b"\x1c\r" not in self.received:
            piece = self.socket.recv(4096)
            if not piece:
                raise AssertionError(f"closed after {self.received!r}")
            self.received += piece
        block, self.received = self.received.split(b"\x1c\r", 1)
        assert block.startswith(b"\x0b"), block
        header, acknowledgement, rest = block[1:].decode().split("\r")
        assert rest == "", block
        return header.split("|"), acknowledgement.split("|")

    def is_closed(self):
        """Whether the server closes without another word."""
        try:
            return self.received + self.socket.recv(4096) == b""
        except ConnectionResetError:
            return True

    def close(self):
        self.socket.close()


class Hl7Case(PullCase):
    """A second Lightbox is the archive; only a message can cause a look at it."""

    def setUp(self):
        super().setUp()
        self.source = Server(self.path / "source")
        self.addCleanup(self.source.stop)
        self.configure(protocol="dicomweb", url=f"http://127.0.0.1:{self.source.port}/dicomweb", poll_seconds=0,
                       walk_hours=0)

    def serve(self, *flags):
        server = Server(self.data, "--config", self.config, "--hl7", "127.0.0.1:0", *flags)
        self.addCleanup(server.stop)
        return server

    def connect(self, server):
        sender = Sender(server.hl7_port)
        self.addCleanup(sender.close)
        return sender

    def store(self, number, date=None, **attributes):
        for content in dicom.study(number, series=1, instances=2, patient=f"P{number}",
                                   StudyDate=date or time.strftime("%Y%m%d"), **attributes):
            answer = self.source.request("POST", "/dicomweb/studies", content, {"Content-Type": "application/dicom"})
            self.assertEqual(answer.status, 200, answer)

    def is_there(self, server, number):
        return server.get(f"ImagingStudy/{dicom.study_uid(number)}").status == 200


class TriggerTest(Hl7Case):
    def test_what_is_named_is_looked_for_whatever_its_date(self):
        server = self.serve()
        for number in (1, 2, 3):
            self.store(number, "19990101", AccessionNumber=f"A{number}")
        sender = self.connect(server)
        for named, number in ((f"IPC|A9|RP9|{dicom.study_uid(1)}|SPS9", 1), ("OBR|1|P1|F1" + "|" * 15 + "A2", 2)):
            sender.send(framed(message(named)))
            self.assertEqual(sender.answer()[1], ["MSA", "AA", "4711"])
            self.assertTrue(eventually(lambda: self.is_there(server, number)), named)
        self.assertFalse(self.is_there(server, 3))

    def test_a_study_is_looked_for(self):
        server = self.serve()
        self.store(1)
        time.sleep(0.5)
        self.assertFalse(self.is_there(server, 1))
        sender = self.connect(server)
        sender.send(framed(message("PID|||P1||Doe^Jane", f"ZDS|{dicom.study_uid(1)}^RIS^Application^DICOM",
                                   "OBR|1|P1|F1" + "|" * 15 + "A1")), piece_bytes=7)
        header, acknowledgement = sender.answer()
        self.assertEqual(header[:6], ["MSH", "^~\\&", "LIGHTBOX", "RAD", "RIS", "HOSP^1.2.3^ISO"])
        self.assertRegex(header[6], r"^\d{14}\+0000$")
        self.assertEqual(header[7:], ["", "ACK^O01", "4711", "P", "2.3.1"])
        self.assertEqual(acknowledgement, ["MSA", "AA", "4711"])
        self.assertTrue(eventually(lambda: self.is_there(server, 1)))
        # Of one that names nothing, on the same connection, the newest days are looked at, too.
        self.store(2)
        sender.send(framed(message("PV1||I", kind="ADT^A01", control_id="4712")))
        self.assertEqual(sender.answer()[1], ["MSA", "AA", "4712"])
        self.assertTrue(eventually(lambda: self.is_there(server, 2)))
        log = server.log_text()
        self.assertIn(f"event=hl7_message type=ORM^O01 control_id=4711 studies={dicom.study_uid(1)} "
                      "accession_numbers=A1\n", log)
        self.assertNotIn("Doe", log)

    def test_messages_of_one_connection_are_answered_in_their_order(self):
        server = self.serve()
        sender = self.connect(server)
        two = framed(message("ZDS|1.2.3", control_id="one")) + framed(message(kind="ORU^R01", control_id="two"))
        for piece_bytes in (None, 11, 1):
            sender.send(two, piece_bytes)
            answers = [sender.answer() for _ in range(2)]
            self.assertEqual([header[8] for header, _ in answers], ["ACK^O01", "ACK^R01"])
            self.assertEqual([acknowledgement for _, acknowledgement in answers],
                             [["MSA", "AA", "one"], ["MSA", "AA", "two"]])
        # And that of a sender who says nothing more.
        sender.send(two[:-1])
        sender.socket.shutdown(socket.SHUT_WR)
        self.assertEqual([sender.answer()[1][2] for _ in range(2)], ["one", "two"])
        self.assertTrue(sender.is_closed())


class RefusalTest(Hl7Case):
    def test_what_is_wrong_with_a_message(self):
        server = self.serve()
        sender = self.connect(server)
        for segment, reason in ((f"{MSH}|4711|P|2.3", "MSH-9 must have the type of the message"),
                                (f"{MSH}ORM^O01||P|2.3", "MSH-10 must have the control id of the message")):
            sender.send(framed(segment.encode()))
            acknowledgement = sender.answer()[1]
            self.assertEqual((acknowledgement[1], acknowledgement[3]), ("AE", reason))
        sender.send(framed(message()))  # the connection is still of use
        self.assertEqual(sender.answer()[1][1], "AA")
        self.assertEqual(len(re.findall("event=hl7_message ", server.log_text())), 1)

    def test_what_is_none(self):
        server = self.serve()
        for content in (framed(b"GET / HTTP/1.1\r\n\r\n"), framed(b"\x00\xff" * 100), framed(b""), b"x" * 70_000):
            sender = self.connect(server)
            sender.send(content)
            self.assertTrue(sender.is_closed(), content[:20])
        # An answer that is due comes before.
        sender = self.connect(server)
        sender.send(framed(message()) + framed(b"nonsense"))
        self.assertEqual(sender.answer()[1], ["MSA", "AA", "4711"])
        self.assertTrue(sender.is_closed())

    def test_one_that_is_too_long(self):
        server = self.serve()
        for length, code in ((1_000_000, "AA"), (20_000_000, "AR")):
            sender = self.connect(server)
            sender.send(framed(message("OBX|1|TX|||" + "x" * length)))
            acknowledgement = sender.answer()[1]
            self.assertEqual(acknowledgement[:3], ["MSA", code, "4711"])
        self.assertIn("hl7_message_bytes_max", acknowledgement[3])
        self.assertTrue(sender.is_closed())

    def test_one_that_does_not_end(self):
        server = self.serve("--hl7-message-timeout-ms", "700")
        idle, begun = self.connect(server), self.connect(server)
        idle.send(framed(message()))
        self.assertEqual(idle.answer()[1][1], "AA")
        begun.send(framed(message())[:-2])
        started = time.monotonic()
        self.assertTrue(begun.is_closed())
        self.assertGreater(time.monotonic() - started, 0.5)
        # Not the whole of it must come at once, nor one soon after the other.
        time.sleep(0.3)
        idle.send(framed(message())[:9])
        time.sleep(0.3)
        idle.send(framed(message())[9:])
        self.assertEqual(idle.answer()[1][1], "AA")

    def test_too_many_connections(self):
        server = self.serve("--hl7-connections-max", "2")
        first, second, third = (self.connect(server) for _ in range(3))
        self.assertTrue(third.is_closed())
        for sender in (first, second):
            sender.send(framed(message()))
            self.assertEqual(sender.answer()[1][1], "AA")
        first.close()

        def fits():
            sender = self.connect(server)
            try:
                sender.send(framed(message()))
                return sender.answer()[1][1] == "AA"
            except (AssertionError, OSError):
                return False
        self.assertTrue(eventually(fits))

    def test_only_who_is_listed_may_send(self):
        server = self.serve("--hl7-accept", "192.0.2.1", "--hl7-accept", "10.0.0.0/8")
        self.assertTrue(self.connect(server).is_closed())
        self.assertIn("event=hl7_caller_refused address=127.0.0.1", server.log_text())
        listed = self.serve_again(server, "--hl7-accept", "192.0.2.1,127.0.0.0/8")
        sender = self.connect(listed)
        sender.send(framed(message()))
        self.assertEqual(sender.answer()[1][1], "AA")

    def serve_again(self, server, *flags):
        self.assertEqual(server.stop(), 0)
        return self.serve(*flags)

    def test_a_server_stops_though_senders_stay(self):
        server = self.serve()
        senders = [self.connect(server) for _ in range(2)]
        senders[0].send(framed(message())[:20])
        senders[1].send(framed(message()))
        senders[1].answer()
        started = time.monotonic()
        self.assertEqual(server.stop(), 0)
        self.assertLess(time.monotonic() - started, 5)
        self.assertTrue(senders[0].is_closed())


class SettingsTest(PullCase):
    def refused(self, *flags):
        code, output = run("serve", "--data", self.data, "--listen", "127.0.0.1:0", "--dimse", "off", *flags,
                           timeout=60)
        self.assertNotEqual(code, 0, output)
        return output

    def test_it_needs_a_source(self):
        self.assertIn("there is no source", self.refused("--hl7", "127.0.0.1:0"))

    def test_what_is_wrong_is_named(self):
        self.configure(protocol="dicomweb", url="http://127.0.0.1:9/dicomweb")
        for flags, said in ((("--hl7", "2575"), "hl7 is '2575'"), (("--hl7", "host:2575"), "hl7 is 'host:2575'"),
                            (("--hl7", "127.0.0.1:0", "--hl7-accept", "10.0.0.0/33"), "hl7_accept is '10.0.0.0/33'"),
                            (("--hl7", "127.0.0.1:0", "--hl7-accept", "somebody"), "hl7_accept is 'somebody'")):
            self.assertIn(said, self.refused("--config", self.config, *flags))

    def test_from_the_file(self):
        self.config.write_text('hl7 = "127.0.0.1:2575"\nhl7_accept = ["10.0.0.7", "10.1.0.0/16"]\n')
        code, output = run("serve", "--config", self.config, "--print-config")
        self.assertEqual(code, 0, output)
        self.assertRegex(output, r"hl7 = '127\.0\.0\.1:2575' +# file")
        self.assertRegex(output, r"hl7_accept = '10\.0\.0\.7,10\.1\.0\.0/16' +# file")


if __name__ == "__main__":
    unittest.main()

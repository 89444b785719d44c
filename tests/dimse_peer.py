"""The other end of an association, PDU by PDU (PS3.8 9.3, PS3.7 6.3): what dcmtk's tools cannot be made to do."""

import socket
import struct

import dicom_data

IMPLICIT, EXPLICIT = dicom_data.IMPLICIT, dicom_data.EXPLICIT
VERIFICATION = "1.2.840.10008.1.1"
COMMITMENT = "1.2.840.10008.1.20.1"
COMMITMENT_INSTANCE = "1.2.840.10008.1.20.1.1"
AVAILABILITY = "1.2.840.10008.5.1.4.33"
CT = dicom_data.SOP_CLASSES["CT"]

SOP_CLASS, REQUESTED_CLASS, FIELD, MESSAGE_ID, RESPONDED = 0x0002, 0x0003, 0x0100, 0x0110, 0x0120
PRIORITY, DATA_SET_TYPE, STATUS, OFFENDING, COMMENT = 0x0700, 0x0800, 0x0900, 0x0901, 0x0902
SOP_INSTANCE, REQUESTED_INSTANCE, EVENT_TYPE, ACTION_TYPE = 0x1000, 0x1001, 0x1002, 0x1008
NO_DATA_SET = 0x0101


def item(kind, value):
    return struct.pack(">BBH", kind, 0, len(value)) + value


def pdu(kind, body):
    return struct.pack(">BBI", kind, 0, len(body)) + body


def associate(contexts, calling="TEST", called="LIGHTBOX", application=b"1.2.840.10008.3.1.1.1", more=b""):
    """An A-ASSOCIATE-RQ PDU. `contexts`: {id: (abstract syntax, [transfer syntaxes])}."""
    body = struct.pack(">HH", 1, 0) + called.encode().ljust(16) + calling.encode().ljust(16) + bytes(32)
    body += item(0x10, application)
    for number, (abstract, transfers) in contexts.items():
        body += item(0x20, bytes([number, 0, 0, 0]) + item(0x30, abstract.encode())
                     + b"".join(item(0x40, transfer.encode()) for transfer in transfers))
    return pdu(1, body + item(0x50, item(0x51, struct.pack(">I", 16384)) + item(0x52, b"1.2.3") + more))


def command(elements):
    """A command set of {element: number or text}."""
    body = b""
    for element, value in sorted(elements.items()):
        if isinstance(value, int):
            encoded = struct.pack("<H", value)
        else:
            encoded = value.encode() + b"\0" * (len(value) % 2)
        body += struct.pack("<HHI", 0, element, len(encoded)) + encoded
    return struct.pack("<HHII", 0, 0, 4, len(body)) + body


def read_command(data):
    elements, at = {}, 0
    while at < len(data):
        _, element, length = struct.unpack_from("<HHI", data, at)
        value = data[at + 8:at + 8 + length]
        is_number = length == 2 and element not in (COMMENT,)
        elements[element] = struct.unpack("<H", value)[0] if is_number else value.rstrip(b"\0 ").decode("latin-1")
        at += 8 + length
    return elements


def bare(file):
    """The data set of a Part 10 file."""
    return file[144 + struct.unpack_from("<I", file, 140)[0]:]


class Ended(Exception):
    """The connection is closed, or an A-ABORT or A-ASSOCIATE-RJ came: `pdu` is (type, body) or None."""

    def __init__(self, pdu=None):
        super().__init__(str(pdu))
        self.pdu = pdu


class Wire:
    """PDUs over a socket."""

    def __init__(self, connection):
        self.socket = connection
        self.socket.settimeout(30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.fragments, self.next_id = [], 1

    def send(self, data):
        self.socket.sendall(data)

    def exactly(self, count):
        data = b""
        while len(data) < count:
            try:
                more = self.socket.recv(count - len(data))
            except ConnectionResetError:
                more = b""
            if not more:
                raise Ended()
            data += more
        return data

    def receive(self):
        kind, _, length = struct.unpack(">BBI", self.exactly(6))
        return kind, self.exactly(length)

    def send_message(self, context, elements, data_set=None, fragment=16000):
        elements = {DATA_SET_TYPE: NO_DATA_SET if data_set is None else 0, **elements}
        self.send(self.value(context, command(elements), 3))
        if data_set is None:
            return
        for at in range(0, max(len(data_set), 1), fragment):
            is_last = at + fragment >= len(data_set)
            self.send(self.value(context, data_set[at:at + fragment], 2 if is_last else 0))

    @staticmethod
    def value(context, data, flags):
        """A P-DATA-TF PDU with one value."""
        return pdu(4, struct.pack(">IBB", len(data) + 2, context, flags) + data)

    def read_part(self):
        """All fragments of a command or a data set: (context, is command, bytes)."""
        whole = b""
        while True:
            if not self.fragments:
                kind, body = self.receive()
                if kind != 4:
                    raise Ended((kind, body))
                while body:
                    length, context, flags = struct.unpack_from(">IBB", body)
                    self.fragments.append((context, flags, body[6:4 + length]))
                    body = body[4 + length:]
            context, flags, data = self.fragments.pop(0)
            whole += data
            if flags & 2:
                return context, bool(flags & 1), whole

    def read_message(self):
        """(context, command, data set or None)."""
        context, is_command, data = self.read_part()
        assert is_command
        elements = read_command(data)
        has_data = elements[DATA_SET_TYPE] != NO_DATA_SET
        return context, elements, self.read_part()[2] if has_data else None

    def release(self):
        self.send(pdu(5, bytes(4)))
        kind, _ = self.receive()
        assert kind == 6, kind
        self.close()

    def close(self):
        self.socket.close()


class Association(Wire):
    """One that the test opens. Raises Ended when it is refused."""

    def __init__(self, port, contexts=None, request=None, address="127.0.0.1", **options):
        super().__init__(socket.create_connection((address, port), timeout=30))
        self.send(request or associate(contexts or {1: (VERIFICATION, [IMPLICIT]), 3: (CT, [EXPLICIT])}, **options))
        try:
            kind, body = self.receive()
            if kind != 2:
                raise Ended((kind, body))
        except Ended:
            self.close()
            raise
        self.accepted = {}  # id -> (result, transfer syntax)
        at = 68
        while at < len(body):
            item_kind, _, length = struct.unpack_from(">BBH", body, at)
            if item_kind == 0x21:
                value = body[at + 4:at + 4 + length]
                self.accepted[value[0]] = (value[2], value[8:].decode())
            at += 4 + length

    def message_id(self):
        self.next_id += 1
        return self.next_id

    def echo(self, context=1):
        self.send_message(context, {SOP_CLASS: VERIFICATION, FIELD: 0x30, MESSAGE_ID: self.message_id()})
        return self.read_message()[1][STATUS]

    def start_store(self, context, data_set, sop_class, sop_instance, **options):
        self.send_message(context, {SOP_CLASS: sop_class, SOP_INSTANCE: sop_instance, FIELD: 1, PRIORITY: 0,
                                    MESSAGE_ID: self.message_id()}, data_set, **options)

    def store(self, data_set, sop_instance, sop_class=CT, context=3, **options):
        """The response's command."""
        self.start_store(context, data_set, sop_class, sop_instance, **options)
        return self.read_message()[1]

    def ask_commitment(self, references, transaction="1.2.3.4", context=5, action=1, syntax=EXPLICIT):
        """The response's command. `references`: [(SOP class, SOP instance)]."""
        items = [{0x00081150: ("UI", sop_class), 0x00081155: ("UI", instance)} for sop_class, instance in references]
        body = b"".join(dicom_data.delimiter(0xFFFEE000, len(one), syntax) + one
                        for one in (dicom_data.write_elements(item, syntax) for item in items))
        data_set = (dicom_data.write_elements({0x00081195: ("UI", transaction)}, syntax)
                    + dicom_data.header(0x00081199, "SQ", len(body), syntax) + body)
        self.send_message(context, {REQUESTED_CLASS: COMMITMENT, REQUESTED_INSTANCE: COMMITMENT_INSTANCE, FIELD: 0x130,
                                    MESSAGE_ID: self.message_id(), ACTION_TYPE: action}, data_set)
        return self.read_message()[1]

    def notify(self, elements, context=1, instance="1.2.3.4", syntax=EXPLICIT):
        """An Instance Availability Notification: the response's command. `elements`: {tag: (VR, value)}, or bytes."""
        data_set = elements if isinstance(elements, bytes) else dicom_data.write_elements(elements, syntax)
        named = {SOP_INSTANCE: instance} if instance else {}
        self.send_message(context, {SOP_CLASS: AVAILABILITY, FIELD: 0x140, MESSAGE_ID: self.message_id(), **named}, data_set)
        return self.read_message()[1]

    def take_report(self, status=0):
        """An N-EVENT-REPORT: (event type, data set); it is answered with `status`."""
        return answer_report(self, status)


def answer_report(wire, status=0):
    context, elements, data_set = wire.read_message()
    assert elements[FIELD] == 0x100 and elements[SOP_INSTANCE] == COMMITMENT_INSTANCE, elements
    wire.send_message(context, {SOP_CLASS: COMMITMENT, SOP_INSTANCE: COMMITMENT_INSTANCE, FIELD: 0x8100,
                                RESPONDED: elements[MESSAGE_ID], STATUS: status, EVENT_TYPE: elements[EVENT_TYPE]})
    return elements[EVENT_TYPE], data_set


def accept_report(listening, status=0):
    """Takes one association that brings a report: (calling AE title, event type, data set)."""
    wire = Wire(listening.accept()[0])
    kind, request = wire.receive()
    assert kind == 1, kind
    accepted = bytes([1, 0, 0, 0]) + item(0x40, EXPLICIT.encode())
    wire.send(pdu(2, request[:68] + item(0x10, b"1.2.840.10008.3.1.1.1") + item(0x21, accepted)
                  + item(0x50, item(0x51, struct.pack(">I", 16384)) + item(0x52, b"1.2.3"))))
    event, data_set = answer_report(wire, status)
    kind, _ = wire.receive()  # A-RELEASE-RQ, or A-ABORT when the status was a failure
    if kind == 5:
        wire.send(pdu(6, bytes(4)))
    wire.close()
    return request[20:36].decode().strip(), event, data_set

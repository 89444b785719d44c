"""Limits that need a socket: slow clients, many connections, what is not HTTP. The server stays well."""

import socket
import tempfile
import threading
import time
import unittest

from lightbox import Server


def receive_all(connection, timeout=20):
    """Everything until the server closes, or "" when it says nothing for `timeout` s."""
    connection.settimeout(timeout)
    received = b""
    try:
        while part := connection.recv(65536):
            received += part
    except (TimeoutError, ConnectionResetError):
        pass
    return received


class LimitsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.server = Server(cls.folder.name, "--header-timeout-ms", "700", "--body-timeout-ms", "700",
                            "--idle-timeout-ms", "1500", "--write-timeout-ms", "1500",
                            "--header-bytes-max", "4000", "--body-bytes-max", "200000",
                            "--requests-in-flight-bytes-max", "400000")

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__()
        cls.folder.cleanup()

    def tearDown(self):
        self.assertEqual(self.server.get("Patient/x").status, 404, self.server.log_text())

    def raw(self, *parts, pause=0):
        """Sends the parts, `pause` seconds apart; what came back."""
        with socket.create_connection(("127.0.0.1", self.server.port)) as connection:
            for part in parts:
                try:
                    connection.sendall(part)
                except (BrokenPipeError, ConnectionResetError):
                    break
                time.sleep(pause)
            return receive_all(connection)

    def test_a_header_that_takes_too_long_gets_408(self):
        slow = [b"GET /baseR4/metadata HTTP/1.1\r\n"] + [b"X: y\r\n"] * 8
        self.assertIn(b" 408 ", self.raw(*slow, pause=0.2)[:20])

    def test_a_body_that_takes_too_long_gets_408(self):
        head = (b"POST /baseR4/Patient HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/fhir+json\r\n"
                b"Content-Length: 1000\r\n\r\n")
        self.assertIn(b" 408 ", self.raw(head, *[b"{"] * 8, pause=0.2)[:20])

    def test_a_header_that_is_too_long_gets_431(self):
        text = self.raw(b"GET /baseR4/metadata HTTP/1.1\r\nHost: localhost\r\nX: " + b"y" * 5000 + b"\r\n\r\n")
        self.assertIn(b" 431 ", text[:20])
        self.assertIn(b"OperationOutcome", text)

    def test_a_body_that_says_it_is_too_long_is_refused_before_it_comes(self):
        text = self.raw(b"POST /baseR4/Patient HTTP/1.1\r\nHost: localhost\r\n"
                        b"Content-Type: application/fhir+json\r\nContent-Length: 99999999999\r\n\r\n")
        self.assertIn(b" 413 ", text[:20])

    def test_a_chunked_body_is_cut_at_the_limit(self):
        chunk = b"4000\r\n" + b" " * 0x4000 + b"\r\n"
        text = self.raw(b"POST /baseR4/Patient HTTP/1.1\r\nHost: localhost\r\n"
                        b"Content-Type: application/fhir+json\r\nTransfer-Encoding: chunked\r\n\r\n", *[chunk] * 20)
        self.assertIn(b" 413 ", text[:20])

    def test_a_compressed_body_is_cut_at_the_limit(self):
        import gzip
        bomb = gzip.compress(b" " * 50_000_000)
        head = (f"POST /baseR4/Patient HTTP/1.1\r\nHost: localhost\r\nContent-Encoding: gzip\r\n"
                f"Content-Type: application/fhir+json\r\nContent-Length: {len(bomb)}\r\n\r\n")
        self.assertIn(b" 413 ", self.raw(head.encode(), bomb)[:20])

    def test_what_is_not_http_gets_400(self):
        for text in (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", b"GET\r\n\r\n", b"\0\0\0\0\r\n\r\n",
                     b"GET /baseR4/metadata HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
                     b"POST /baseR4/Patient HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n"
                     b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"):
            with self.subTest(text=text):
                self.assertIn(b" 400 ", self.raw(text)[:20])

    def test_a_bad_escape_in_the_url_gets_400(self):
        text = self.raw(b"GET /baseR4/Patient?name=%zz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        self.assertIn(b" 400 ", text[:20])

    def test_an_idle_connection_is_closed_silently(self):
        started = time.monotonic()
        self.assertEqual(self.raw(b""), b"")
        self.assertLess(time.monotonic() - started, 10)

    def test_pipelined_requests_are_answered_in_order(self):
        one = b"GET /baseR4/Patient/%d HTTP/1.1\r\nHost: localhost\r\n%s\r\n"
        text = self.raw(b"".join(one % (n, b"Connection: close\r\n" if n == 9 else b"") for n in range(10)))
        self.assertEqual(text.count(b"HTTP/1.1 404"), 10)
        places = [text.index(b"Patient/%d" % n) for n in range(10)]
        self.assertEqual(places, sorted(places))

    def test_slow_clients_hold_nobody_up(self):
        sockets = [socket.create_connection(("127.0.0.1", self.server.port)) for _ in range(200)]
        for connection in sockets:
            connection.sendall(b"GET /baseR4/metadata HTT")
        took = []
        for _ in range(20):
            started = time.monotonic()
            self.assertEqual(self.server.get("Patient/x").status, 404)
            took.append(time.monotonic() - started)
        for connection in sockets:
            connection.close()
        self.assertLess(sorted(took)[10], 0.2)

    def test_a_client_that_does_not_read_is_let_go(self):
        with socket.create_connection(("127.0.0.1", self.server.port)) as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            request = b"GET /baseR4/metadata HTTP/1.1\r\nHost: localhost\r\n\r\n"
            connection.settimeout(1)
            try:
                for _ in range(2000):
                    connection.sendall(request)
            except (TimeoutError, BrokenPipeError, ConnectionResetError):
                pass
            self.assertEqual(self.server.get("Patient/x").status, 404)
            time.sleep(2.5)
            # The server has closed: what is left ends, long before 2,000 answers.
            received = len(receive_all(connection, timeout=5))
        self.assertLess(received, 100_000_000)


class ConnectionsTest(unittest.TestCase):
    def test_more_connections_than_allowed_are_refused(self):
        for flag, status in (("--connections-max", b" 503 "), ("--connections-per-address-max", b" 429 ")):
            with self.subTest(flag), tempfile.TemporaryDirectory() as folder, Server(folder, flag, "8") as server:
                held = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(8)]
                time.sleep(0.3)
                with socket.create_connection(("127.0.0.1", server.port)) as one_more:
                    one_more.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                    self.assertIn(status, receive_all(one_more, 5)[:20])
                for connection in held:
                    connection.close()
                time.sleep(0.3)
                self.assertEqual(server.get("/healthz").status, 200)

    def test_a_heavy_search_does_not_slow_reads(self):
        with tempfile.TemporaryDirectory() as folder, Server(folder) as server:
            connection = server.connect()
            for n in range(300):
                connection.request("PUT", f"Patient/{n}", {"resourceType": "Patient", "id": str(n),
                                                           "name": [{"family": f"F{n} " + "x" * 200}]})
            stop = threading.Event()

            def search():
                own = server.connect()
                while not stop.is_set():
                    own.request("GET", "Patient?family:contains=xx&_sort=family,-_id&_count=300&_total=accurate")
                own.close()

            threads = [threading.Thread(target=search) for _ in range(4)]
            for thread in threads:
                thread.start()
            took = []
            for n in range(200):
                started = time.monotonic()
                self.assertEqual(connection.request("GET", f"Patient/{n}").status, 200)
                took.append(time.monotonic() - started)
            stop.set()
            for thread in threads:
                thread.join()
            connection.close()
            self.assertLess(sorted(took)[100], 0.25)


if __name__ == "__main__":
    unittest.main()

"""What an operator relies on: where settings come from, what is refused at the start, a graceful stop, and
./dev serve taking the same folder as the server."""

import json
import os
import re
import signal
import socket
import subprocess
import tempfile
import time
import tomllib
import unittest
from pathlib import Path

from lightbox import BINARY, ROOT, Server, run, study


def print_config(*flags, **environment):
    """({setting: value}, {setting: where it came from})"""
    done = subprocess.run([str(BINARY), "serve", "--print-config", *flags], capture_output=True, text=True,
                          env={**os.environ, **environment})
    assert done.returncode == 0, done.stderr
    origins = dict(re.findall(r"^(\w+) = .* # (.*)$", done.stdout, re.M))
    return tomllib.loads(done.stdout), origins


class ConfigurationTest(unittest.TestCase):
    def test_flags_win_over_the_environment_over_the_file(self):
        with tempfile.NamedTemporaryFile("w", suffix=".toml") as file:
            file.write('page_size_max = 11\npage_size_default = 12\nthreads = 3\ncors_origin = ["https://a.example"]\n')
            file.flush()
            values, origins = print_config("--config", file.name, "--threads", "5", LIGHTBOX_PAGE_SIZE_MAX="13",
                                           LIGHTBOX_THREADS="4")
            self.assertEqual(
                [values[name] for name in ("page_size_default", "page_size_max", "threads", "cors_origin", "listen")],
                [12, 13, 5, "https://a.example", "127.0.0.1:8080"])
            self.assertEqual([origins[name] for name in ("page_size_default", "page_size_max", "threads", "listen")],
                             ["file " + file.name, "environment", "flag", "default"])

    def test_other_addresses_need_insecure(self):
        with tempfile.TemporaryDirectory() as folder:
            for address in ("0.0.0.0:0", "[::]:0"):
                code, output = run("serve", "--data", folder, "--listen", address)
                self.assertEqual(code, 1, output)
                self.assertIn("--insecure", output)
            self.assertEqual(os.listdir(folder), [])

    def test_what_is_wrong_stops_the_start(self):
        for flags in (["--listen", "8080"], ["--listen", "example.org:80"], ["--threads", "x"], ["--no-such-flag"],
                      ["--config", "/nothing.toml"]):
            code, output = run("serve", *flags)
            self.assertNotEqual(code, 0, flags)
            self.assertTrue(output)

    def test_dev_serve_asks_for_the_folder_in_a_way_that_works(self):
        function = re.search(r"^  setting\(\) .*$", (ROOT / "dev").read_text(), re.M)[0]
        for folder in ("./lightbox-data", "/a folder/b", "it's"):
            done = subprocess.run(
                ["bash", "-c", f'config=$("$1" serve --print-config --data "$2"); {function}; setting data', "-",
                 str(BINARY), folder], capture_output=True, text=True)
            self.assertEqual(done.stdout, folder + "\n", done.stderr)


class StopTest(unittest.TestCase):
    def test_requests_under_way_are_answered(self):
        body = json.dumps(study(id="s1")).encode()
        for number in (signal.SIGTERM, signal.SIGINT):
            with tempfile.TemporaryDirectory() as folder:
                server = Server(folder)
                with socket.create_connection(("127.0.0.1", server.port)) as connection:
                    connection.sendall(b"PUT /baseR4/ImagingStudy/s1 HTTP/1.1\r\nHost: localhost\r\n"
                                       b"Content-Type: application/fhir+json\r\n"
                                       b"Content-Length: %d\r\n\r\n" % len(body) + body[:20])
                    time.sleep(0.2)
                    server.process.send_signal(number)
                    time.sleep(0.3)
                    connection.sendall(body[20:])
                    connection.settimeout(10)
                    self.assertIn(b" 201 ", connection.recv(65536)[:20])
                self.assertEqual(server.process.wait(timeout=20), 0, server.log_text())
                # The log has been written back: the database alone holds everything.
                self.assertEqual((Path(folder) / "lightbox.db").read_bytes()[:15], b"SQLite format 3")
                wal = Path(folder) / "lightbox.db-wal"
                self.assertTrue(not wal.exists() or wal.stat().st_size == 0)
                with Server(folder) as again:
                    self.assertEqual(again.get("ImagingStudy/s1").status, 200)

    def test_an_idle_connection_does_not_hold_a_stop_up(self):
        with tempfile.TemporaryDirectory() as folder:
            server = Server(folder)
            connection = server.connect()
            self.assertEqual(connection.request("GET", "/readyz").status, 200)
            started = time.monotonic()
            self.assertEqual(server.stop(), 0)
            self.assertLess(time.monotonic() - started, 5)
            connection.close()


if __name__ == "__main__":
    unittest.main()

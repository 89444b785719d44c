"""The real server as a test drives it: started on a free port with a data folder, asked over HTTP."""

import gzip
import http.client
import json
import os
import re
import signal
import subprocess
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BINARY = Path(os.environ.get("LIGHTBOX", ROOT / "build" / "lightbox"))
FHIR_JSON = "application/fhir+json"
START_TIMEOUT_S = 60
THREADS = 20


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.status} {dict(self.headers)} {self.body[:2000]!r}"


class Connection:
    """One keep-alive connection to a server."""

    def __init__(self, port, timeout=60):
        self.http = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)

    def request(self, method, path, body=None, headers=None):
        """`path` without a leading slash is below /baseR4/. A dict as body is sent as FHIR JSON."""
        headers = dict(headers or {})
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
        if body is not None:
            if isinstance(body, str):
                body = body.encode()
            headers.setdefault("Content-Type", FHIR_JSON)
        self.http.request(method, path if path.startswith("/") else "/baseR4/" + path, body, headers)
        answer = self.http.getresponse()
        content = answer.read()
        if answer.headers.get("Content-Encoding") == "gzip" and content:
            content = gzip.decompress(content)
        return Answer(answer.status, answer.headers, content)

    def close(self):
        self.http.close()


class Server:
    """`lightbox serve`; a context manager that stops it."""

    def __init__(self, data, *flags, environment=None, preexec=None):
        self.log = tempfile.NamedTemporaryFile("w+", prefix="lightbox-", suffix=".log")
        self.process = subprocess.Popen(
            [str(BINARY), "serve", "--data", str(data), "--listen", "127.0.0.1:0",
             *([] if "--dimse" in flags else ["--dimse", "127.0.0.1:0"]), *map(str, flags)],
            stdout=self.log, stderr=subprocess.STDOUT, env={**os.environ, **(environment or {})},
            preexec_fn=preexec)
        self.port = self._wait_for_port()
        self.base = f"http://127.0.0.1:{self.port}/baseR4"

    def _wait_for_port(self):
        ends = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < ends:
            found = re.search(r"listening on http://127\.0\.0\.1:(\d+)/baseR4", self.log_text())
            if found:
                return int(found[1])
            if self.process.poll() is not None:
                break
            time.sleep(0.002)
        self.process.kill()
        raise AssertionError(f"the server does not listen: {self.log_text()}")

    @property
    def dimse_port(self):
        return self._logged_port("dimse_listening")

    @property
    def dimse_tls_port(self):
        return self._logged_port("dimse_tls_listening")

    @property
    def hl7_port(self):
        return self._logged_port("hl7_listening")

    def _logged_port(self, event):
        return int(re.search(rf"event={event} .*port=(\d+)", self.log_text())[1])

    def log_text(self):
        return Path(self.log.name).read_text()

    def connect(self, timeout=60):
        return Connection(self.port, timeout)

    def request(self, method, path, body=None, headers=None):
        connection = self.connect()
        try:
            return connection.request(method, path, body, headers)
        finally:
            connection.close()

    def get(self, path, **headers):
        return self.request("GET", path, headers=headers)

    def search(self, path):
        """The ids of all matches, page by page."""
        ids, connection = [], self.connect()
        while path:
            answer = connection.request("GET", path)
            if answer.status != 200:
                raise AssertionError(f"{path}: {answer}")
            bundle = answer.json()
            ids += [entry["resource"]["id"] for entry in bundle.get("entry", [])
                    if entry["search"]["mode"] == "match"]
            path = next((link["url"] for link in bundle["link"] if link["relation"] == "next"), None)
            path = path and path[path.index("/baseR4/"):]
        connection.close()
        return ids

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        """Its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=60)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            code = self.stop()
            if code != 0:
                raise AssertionError(f"exit code {code}: {self.log_text()}")


def run(*arguments, timeout=300):
    """`lightbox ARGUMENTS…`: (exit code, standard output and error)."""
    done = subprocess.run([str(BINARY), *map(str, arguments)], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=timeout)
    return done.returncode, done.stdout


def study(**members):
    return {"resourceType": "ImagingStudy", "status": "available",
            "subject": {"reference": "Patient/p1"}, **members}


def in_threads(server, ask):
    """What `ask(connection, number)` gives in each of THREADS threads, all let go together."""
    answers, start = [None] * THREADS, threading.Barrier(THREADS)

    def run_one(number):
        connection = server.connect()
        start.wait()
        answers[number] = ask(connection, number)
        connection.close()

    threads = [threading.Thread(target=run_one, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers

"""The parts of the benchmark: a server on core 0, wrk on core 1, and what /proc says."""

import http.client
import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
SERVER_CORE, LOAD_CORE = "0", str(min(1, (os.cpu_count() or 1) - 1))


class Wrong(Exception):
    """An answer is not what the generator says it must be: there is nothing to measure."""


class Server:
    """`lightbox serve`, or anything that says `listening on http://HOST:PORT/…` on standard error."""

    def __init__(self, command, log, port=None):
        self.log_path = Path(log)
        started = time.monotonic()
        with open(log, "w") as out:
            self.process = subprocess.Popen(["taskset", "-c", SERVER_CORE, *command], stdout=out,
                                            stderr=subprocess.STDOUT)
        self.port = port or self.wait_for_port()
        self.base_path = "/baseR4/"
        self.started = started

    def wait_for_port(self):
        for _ in range(600_000):
            found = re.search(r"listening on http://[^:/]+:(\d+)", self.log_path.read_text())
            if found:
                return int(found[1])
            if self.process.poll() is not None:
                raise Wrong(f"the server ended: {self.log_path.read_text()}")
            time.sleep(0.001)
        raise Wrong("the server does not listen")

    def wait_until_answering(self, path):
        """Seconds from the start of the process to its first answer."""
        for _ in range(60_000):
            try:
                status, _ = self.get(path)
                if status == 200:
                    return time.monotonic() - self.started
            except OSError:
                pass
            time.sleep(0.001)
        raise Wrong(f"no answer to {path}")

    def get(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            connection.request("GET", path if path.startswith("/") else self.base_path + path)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def json(self, path):
        status, body = self.get(path)
        if status != 200:
            raise Wrong(f"{path}: status {status}: {body[:300]!r}")
        return json.loads(body)

    def anonymous_mb(self):
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"^RssAnon:\s+(\d+)", status, re.M)[1]) / 1024

    def stop(self, signal_number=signal.SIGTERM):
        self.process.send_signal(signal_number)
        self.process.wait(timeout=120)


def wrk(script, port, lines_file, connections, seconds, path="/"):
    done = subprocess.run(
        ["taskset", "-c", LOAD_CORE, "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s",
         "-s", str(HERE / script), f"http://127.0.0.1:{port}{path}", "--", str(lines_file)],
        capture_output=True, text=True)
    found = re.search(r"^RESULT (.*)$", done.stdout, re.M)
    if not found:
        raise Wrong(f"wrk: {done.stdout}{done.stderr}")
    result = json.loads(found[1])
    result["rate"] = result["requests"] / result["seconds"]
    if result["errors"]:
        raise Wrong(f"{script} on port {port}: {result['errors']} of {result['requests']} were errors")
    return result


def median(values):
    values = sorted(values)
    middle = len(values) // 2
    return values[middle] if len(values) % 2 else (values[middle - 1] + values[middle]) / 2


def rate(script, server, lines_file, connections, options, path="/"):
    """The median rate of some rounds, and that round's p99 in ms."""
    rounds = [wrk(script, server.port, lines_file, connections, options.seconds, path)
              for _ in range(options.rounds)]
    return median([r["rate"] for r in rounds]), median([r["p99_us"] for r in rounds]) / 1000


def check(server, name, question):
    """Asks once and compares with what the generator knows."""
    path = question["path"]
    if name == "read":
        if server.json(path)["id"] != question["first"]:
            raise Wrong(path)
        return
    if "_summary=count" not in path:
        path += "&_total=accurate"
    bundle = server.json(path)
    if bundle.get("total") != question["total"]:
        raise Wrong(f"{path}: total {bundle.get('total')}, not {question['total']}")
    matches = [entry["resource"]["id"] for entry in bundle.get("entry", [])]
    if question["first"] and matches[0] != question["first"]:
        raise Wrong(f"{path}: first is {matches[0]}, not {question['first']}")
    if "_summary=count" not in path and len(matches) != min(question["total"], 10 if "_count=10" in path else 50):
        raise Wrong(f"{path}: {len(matches)} entries")


def nginx_command(folder, port, file_bytes):
    """Writes an unprivileged nginx's configuration and the file that it serves."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "file.json").write_bytes(b"x" * file_bytes)
    (folder / "nginx.conf").write_text(f"""
worker_processes 1; daemon off; pid {folder}/pid; error_log stderr warn;
events {{ worker_connections 1024; }}
http {{
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000; open_file_cache max=16;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  types {{ application/fhir+json json; }}
  server {{ listen 127.0.0.1:{port}; root {folder}; }}
}}
""")
    return ["nginx", "-e", "stderr", "-p", str(folder), "-c", str(folder / "nginx.conf")]


def fdatasync_ms(folder):
    """What one durable 4 KB append costs on this disk; the floor under a durable create."""
    path = folder / "fdatasync"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    times = []
    for _ in range(200):
        os.write(descriptor, b"x" * 4096)
        started = time.perf_counter()
        os.fdatasync(descriptor)
        times.append(time.perf_counter() - started)
    os.close(descriptor)
    path.unlink()
    return median(times) * 1000


def tree_bytes(folder):
    return sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())

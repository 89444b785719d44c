"""DICOM in: 12,000 small instances and a CT of 2,000 slices, beside Orthanc from Debian on the same files.

Both servers are durable before they answer, and neither is pinned: server and sender share the machine. Each
row begins with an empty server and ends with the sender's last response; then what a client can see is
counted: studies, series and instances, by FHIR search here and by /statistics there. A row in which a count
is wrong is no row: the benchmark ends.
"""

import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import threading
import time
from pathlib import Path

import generate_dicom
from measure import Wrong, median
from orthanc import PLUGIN, Orthanc, free_port

ROOT = Path(__file__).resolve().parent.parent
BINARY = Path(os.environ.get("LIGHTBOX", ROOT / "build" / "lightbox"))
SENDER = ROOT / "build" / "bench" / "bench_dicom_send"
SMALL = (generate_dicom.STUDIES, generate_dicom.STUDIES * generate_dicom.SERIES,
         generate_dicom.STUDIES * generate_dicom.SERIES * generate_dicom.IN_SERIES)
LARGE = (1, 1, generate_dicom.SLICES)
SETTLED_S = 60
# What, way, connections, objects of a request, times Orthanc's rate.
ROWS = [
    ("C-STORE, 1 association", "c-store", 1, 1, 1),
    ("C-STORE, 4 associations", "c-store", 4, 1, 4),
    ("STOW-RS, 1 instance a request", "stow", 1, 1, 1.5),
    ("STOW-RS, 20 instances a request", "stow", 1, 20, 4),
    ("STOW-RS, 20 instances a request, 4 connections", "stow", 4, 20, None),
]


class Lightbox:
    """`lightbox serve` on free ports; what it takes of memory is watched."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.dicom_port = free_port()
        self.log = open(self.folder / "lightbox.log", "w")
        self.process = subprocess.Popen(
            [str(BINARY), "serve", "--data", str(self.folder / "data"), "--listen", "127.0.0.1:0", "--dimse",
             f"127.0.0.1:{self.dicom_port}"], stdout=self.log, stderr=subprocess.STDOUT)
        self.port = self.wait()
        self.stow_url = f"http://127.0.0.1:{self.port}/dicomweb/studies"
        self.rss_kb, self.anonymous_kb = 0, 0
        self.watching = threading.Thread(target=self.watch, daemon=True)
        self.watching.start()

    def wait(self):
        for _ in range(6_000):
            found = re.search(r"listening on http://[^:/]+:(\d+)", (self.folder / "lightbox.log").read_text())
            if found:
                return int(found[1])
            if self.process.poll() is not None:
                break
            time.sleep(0.01)
        raise Wrong(f"the server does not listen: {(self.folder / 'lightbox.log').read_text()}")

    def watch(self):
        while self.process.poll() is None:
            try:
                status = Path(f"/proc/{self.process.pid}/status").read_text()
                self.rss_kb = max(self.rss_kb, int(re.search(r"^VmRSS:\s+(\d+)", status, re.M)[1]))
                self.anonymous_kb = max(self.anonymous_kb, int(re.search(r"^RssAnon:\s+(\d+)", status, re.M)[1]))
            except (OSError, TypeError):
                return
            time.sleep(0.05)

    def counts(self):
        """Of studies, series and instances, as a FHIR client sees them."""
        studies = list(self.studies())
        return (len(studies), sum(one["numberOfSeries"] for one in studies),
                sum(one["numberOfInstances"] for one in studies))

    def studies(self):
        path = "/baseR4/ImagingStudy?_count=500&_elements=numberOfSeries,numberOfInstances"
        while path:
            bundle = self.get(path)
            yield from (entry["resource"] for entry in bundle.get("entry", []))
            path = next((link["url"] for link in bundle["link"] if link["relation"] == "next"), None)
            path = path and path[path.index("/baseR4/"):]

    def get(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        if answer.status != 200:
            raise Wrong(f"{path}: {answer.status}: {body[:300]!r}")
        return json.loads(body)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=120)
        self.log.close()


def wait_for(server, expected):
    """Seconds until the server shows so many studies, series and instances."""
    started = time.monotonic()
    while (seen := server.counts()) != expected:
        if time.monotonic() - started > SETTLED_S:
            raise Wrong(f"{type(server).__name__} shows {seen} studies, series and instances, not {expected}")
        time.sleep(0.02)
    return time.monotonic() - started


def send(way, target, listed, connections, per_request, *flags):
    done = subprocess.run([str(SENDER), way, str(target), str(listed), str(connections), str(per_request), *flags],
                          capture_output=True, text=True)
    if done.returncode != 0:
        raise Wrong(f"bench_dicom_send: {done.stderr}")
    result = json.loads(done.stdout)
    if result["failed"]:
        raise Wrong(f"{way} to {target}: {result['failed']} of {result['sent']} were refused")
    return result


class Dicom:
    """The whole of it; `figures` is filled by measure()."""

    def __init__(self, folder, options, say):
        self.folder, self.options, self.say = Path(folder), options, say
        self.figures = {}
        self.servers = 0
        self.has_orthanc = shutil.which("Orthanc") is not None and PLUGIN.exists()

    def measure(self):
        shutil.rmtree(self.folder, ignore_errors=True)
        self.say("generating 12,000 small instances")
        self.small = self.list_of("small", generate_dicom.small)
        for _ in range(self.options.rounds):
            self.import_small()
            for row in ROWS:
                self.row(*row[:4])
        self.say("generating a CT of 2,000 slices")
        self.large = self.list_of("large", generate_dicom.large)
        self.large_ct()
        self.compressed()
        shutil.rmtree(self.folder)
        return self

    def list_of(self, name, generate):
        files = generate(self.folder / name)
        path = self.folder / f"{name}.list"
        path.write_text("".join(f"{file}\n" for file in files))
        return path

    def server_folder(self):
        """A new one each time. They are removed at the very end: ext4 looks again and again at the inodes of files
        that were deleted a moment ago, so that what is written next would be slower."""
        self.servers += 1
        return self.folder / f"server-{self.servers}"

    def keep(self, key, value):
        self.figures.setdefault(key, []).append(value)

    def import_small(self):
        self.say("lightbox import of 12,000 small instances")
        data = self.server_folder()
        self.keep(("import", "lightbox"), self.imported(data, "small", SMALL)[0])
        server = Lightbox(data)
        wait_for(server, SMALL)
        server.stop()
        if self.has_orthanc:
            rates = [self.one("rest", connections, 1, Orthanc) for connections in (1, 4)]
            self.keep(("import", "orthanc"), max(rates))

    def imported(self, folder, files, expected, *flags):
        """Instances a second, and the bytes of the archive's files."""
        data = folder / "data"
        started = time.monotonic()
        subprocess.run([str(BINARY), "import", "--data", str(data), str(self.folder / files), *flags], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        seconds = time.monotonic() - started
        return expected[2] / seconds, sum(path.stat().st_size for path in (data / "dicom").rglob("*.dcm*"))

    def compressed(self):
        """What compression at rest costs and saves; the noise of these images is what saves least."""
        for what, files, expected in (("small instances", "small", SMALL), ("a CT of 2,000 slices", "large", LARGE)):
            for kind, flags in (("none", ()), ("zstd", ("--compress", "zstd"))):
                self.say(f"import of {what}, compress = {kind}")
                self.figures["compress", files, kind] = self.imported(self.server_folder(), files, expected, *flags)

    def row(self, what, way, connections, per_request):
        self.say(what)
        key = (way, connections, per_request)
        self.keep((*key, "lightbox"), self.one(way, connections, per_request, Lightbox))
        if self.has_orthanc:
            self.keep((*key, "orthanc"), self.one(way, connections, per_request, Orthanc))

    def one(self, way, connections, per_request, kind):
        """Instances a second into an empty server."""
        server = kind(self.server_folder())
        try:
            target = {"c-store": server.dicom_port, "stow": server.stow_url}.get(way) or server.upload_url
            result = send(way, target, self.small, connections, per_request)
            wait_for(server, SMALL)
        finally:
            server.stop()
        if kind is Lightbox:
            self.keep("rss", server.rss_kb / 1024)
        self.say(f"  {kind.__name__}: {result['sent'] / result['seconds']:,.0f}/s; the sender took "
                 f"{result['cpu'] / result['seconds'] * 100:.0f} % of a core")
        return result["sent"] / result["seconds"]

    def large_ct(self):
        self.say("a CT of 2,000 slices by C-STORE")
        server = Lightbox(self.server_folder())
        try:
            result = send("c-store", server.dicom_port, self.large, 1, 1, "streamed")
            self.figures["ct searchable"] = wait_for(server, LARGE)
            self.figures["ct rate"] = result["sent"] / result["seconds"]
            bundle = server.get("/baseR4/ImagingStudy?_count=1")
            time.sleep(3)  # whatever else the server makes of it counts as well
            study = server.get(f"/baseR4/ImagingStudy/{bundle['entry'][0]['resource']['id']}?_elements=status")
            self.figures["ct versions"] = int(study["meta"]["versionId"])
        finally:
            server.stop()
        self.figures["ct rss"] = server.rss_kb / 1024
        self.figures["ct anonymous"] = server.anonymous_kb / 1024

    def table(self):
        """The lines of a Markdown table."""
        yield "| 12,000 instances of 9 KB in 200 studies, instances/s | Lightbox | Orthanc | ratio | goal | reached |"
        yield "| --- | ---: | ---: | ---: | --- | --- |"
        yield self.ratio("import (Orthanc: REST, the best of 1 and 4 connections)", ("import",), 5)
        for what, *key, goal in ROWS:
            yield self.ratio(what, tuple(key), goal)
        yield ""
        yield "| a CT of 2,000 slices (512×512) by C-STORE | Lightbox | goal | reached |"
        yield "| --- | ---: | --- | --- |"
        yield f"| instances/s | {self.figures['ct rate']:,.0f} | | |"
        yield self.at_most("searchable with its full count after the last response, s", "ct searchable", 3, ".2f")
        yield self.at_most("versions of its ImagingStudy", "ct versions", 5, "d")
        yield self.at_most("RSS throughout, MB", "ct rss", 300, ".0f")
        yield f"| of it anonymous, MB | {self.figures['ct anonymous']:.0f} | | |"
        self.figures["rss all"] = max(self.figures["rss"])
        yield self.at_most("RSS throughout the small instances, MB", "rss all", 300, ".0f")
        yield ""
        yield "| import, compressed at rest | `compress = \"none\"` | `compress = \"zstd\"` | ratio |"
        yield "| --- | ---: | ---: | ---: |"
        for what, files in (("12,000 small instances", "small"), ("a CT of 2,000 slices", "large")):
            (plain, plain_bytes), (packed, packed_bytes) = (self.figures["compress", files, kind]
                                                            for kind in ("none", "zstd"))
            yield f"| {what}, instances/s | {plain:,.0f} | {packed:,.0f} | {packed / plain:.2f} |"
            yield (f"| {what}, MB of files | {plain_bytes / 1e6:,.0f} | {packed_bytes / 1e6:,.0f} | "
                   f"{packed_bytes / plain_bytes:.2f} |")

    def ratio(self, what, key, goal):
        ours = median(self.figures[(*key, "lightbox")])
        if (*key, "orthanc") not in self.figures:
            return f"| {what} | {ours:,.0f} | not installed | | {f'≥ {goal}' if goal else ''} | |"
        theirs = median(self.figures[(*key, "orthanc")])
        mark = "" if goal is None else "yes" if ours >= goal * theirs else "**no**"
        return (f"| {what} | {ours:,.0f} | {theirs:,.0f} | {ours / theirs:.2f} | {f'≥ {goal}' if goal else ''} | "
                f"{mark} |")

    def at_most(self, what, key, goal, form):
        value = self.figures[key]
        return f"| {what} | {value:{form}} | ≤ {goal} | {'yes' if value <= goal else '**no**'} |"

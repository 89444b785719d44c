"""QIDO-RS: studies by patient, accession number, date range and modality, and pages of all, at several sizes; C-FIND by patient
and accession number; beside Orthanc and its DICOMweb plugin with the same objects.

The small stores are made by importing real files; the largest from the index of the one before (generate_studies.py). The
server runs on core 0, the load on core 1. Each kind of answer is checked before it is timed.
"""

import http.client
import json
import shutil
import subprocess
import time
from pathlib import Path

import generate_studies
from dicom import BINARY, wait_for
from measure import LOAD_CORE, SERVER_CORE, Server, Wrong, rate
from orthanc import PLUGIN, Orthanc, free_port

ROWS = [("studies by patient", "patient", 100), ("studies by accession number", "accession", None),
        ("studies of the months that have 20, limit=20", "date", None), ("studies by modality, limit=20", "modality", 500),
        ("all studies, limit=20", "page", None)]
FIND_ROWS = [("C-FIND, studies by patient", "patient", "00100020LO"),
             ("C-FIND, studies by accession number", "accession", "00080050SH")]
CONNECTIONS = 8
ORTHANC_STUDIES = 20_000
SENDER = Path(BINARY).parent / "bench" / "bench_dicom_send"


class Qido:
    """The whole of it; `figures` is filled by measure()."""

    def __init__(self, folder, options, say):
        self.folder, self.options, self.say = Path(folder), options, say
        self.sizes = [int(size) for size in options.qido_studies.split(",")]
        self.figures, self.orthanc_size = {}, None

    def measure(self):
        shutil.rmtree(self.folder, ignore_errors=True)
        imported = None
        for size in self.sizes:
            if imported and size > ORTHANC_STUDIES:
                self.say(f"{size:,} studies: making the index from that of {imported[0]:,}")
                data = self.folder / str(size)
                shutil.copytree(imported[1], data, ignore=shutil.ignore_patterns("dicom"))
                generate_studies.multiply(data / "lightbox.db", size // imported[0])
                questions = imported[2]
            else:
                data, questions = self.import_studies(size)
                imported = (size, data, questions)
            self.lightbox(size, data, questions)
            if imported[0] == size and size == min(ORTHANC_STUDIES, max(s for s in self.sizes if s <= ORTHANC_STUDIES)):
                self.orthanc(size, questions)
        shutil.rmtree(self.folder)
        return self

    def import_studies(self, size):
        self.say(f"{size:,} studies: generating and importing")
        self.files = self.folder / f"files-{size}"
        questions = generate_studies.studies(self.files, size)
        data = self.folder / str(size)
        subprocess.run([str(BINARY), "import", "--data", str(data), str(self.files)], check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        return data, questions

    def lightbox(self, size, data, questions):
        dicom_port = free_port()
        server = Server([str(BINARY), "serve", "--data", str(data), "--listen", "127.0.0.1:0",
                         "--dimse", f"127.0.0.1:{dicom_port}"], self.folder / "server.log")
        try:
            for _, name, _ in ROWS:
                self.ask(server.port, "/dicomweb/studies", name, questions[name])
                paths = self.paths("/dicomweb/studies", questions[name])
                self.figures[name, size] = rate("get.lua", server, paths, CONNECTIONS, self.options)
                self.say(f"  {name}: {self.figures[name, size][0]:,.0f}/s")
            self.find_rows(size, dicom_port, questions, 100)
        finally:
            server.stop()

    def orthanc(self, size, questions):
        if shutil.which("Orthanc") is None or not PLUGIN.exists():
            return
        self.orthanc_size = size
        self.say(f"Orthanc: storing {size:,} studies")
        server = Orthanc(self.folder / "orthanc")
        try:
            listed = self.folder / "files.list"
            listed.write_text("".join(f"{path}\n" for path in sorted(self.files.rglob("*.dcm"))))
            subprocess.run([str(SENDER), "rest", server.upload_url, str(listed), "4", "1"], check=True,
                           stdout=subprocess.DEVNULL)
            wait_for(server, (size, 2 * size, 2 * size))
            subprocess.run(["taskset", "-a", "-cp", SERVER_CORE, str(server.process.pid)], check=True,
                           stdout=subprocess.DEVNULL)
            for _, name, _ in ROWS:
                self.ask(server.port, "/dicom-web/studies", name, questions[name])
                paths = self.paths("/dicom-web/studies", questions[name])
                self.figures[name, "orthanc"] = rate("get.lua", server, paths, CONNECTIONS, self.options)
                if self.figures[name, "orthanc"][0] == 0:  # no answer within a round: one by itself
                    began = time.monotonic()
                    self.ask(server.port, "/dicom-web/studies", name, questions[name][:1])
                    seconds = time.monotonic() - began
                    self.figures[name, "orthanc"] = (1 / seconds, 1000 * seconds)
                self.say(f"  {name}: {self.figures[name, 'orthanc'][0]:,.1f}/s")
            self.find_rows("orthanc", server.dicom_port, questions, 1)
        finally:
            server.stop()

    def find_rows(self, column, port, questions, times):
        """Each question so many times; every answer is counted."""
        for what, name, key in FIND_ROWS:
            keys = [(f"{key}={query.partition('=')[2]}", count) for query, count in questions[name]] * times
            lines = self.folder / "find.keys"
            lines.write_text("".join(f"{line}\n" for line, _ in keys))
            done = subprocess.run(["taskset", "-c", LOAD_CORE, str(SENDER), "c-find", str(port), str(lines),
                                   str(CONNECTIONS), "1"], check=True, capture_output=True, text=True)
            result, expected = json.loads(done.stdout), sum(count for _, count in keys)
            if result["failed"] or result["found"] != expected:
                raise Wrong(f"{what}: {result}, not {expected} found")
            self.figures[what, column] = result["sent"] / result["seconds"]
            self.say(f"  {what}: {self.figures[what, column]:,.1f}/s")

    def paths(self, root, questions):
        path = self.folder / "questions.paths"
        path.write_text("".join(f"{root}?{query}\n" for query, _ in questions))
        return path

    def ask(self, port, root, name, questions):
        """Whether the answers have as many studies as they must."""
        for query, count in questions[:5]:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
            connection.request("GET", f"{root}?{query}", headers={"Accept": "application/dicom+json"})
            answer = connection.getresponse()
            body = answer.read()
            connection.close()
            found = len(json.loads(body)) if body else 0
            # Where there are copies, more of them fill a page.
            if answer.status != 200 or found < count or (found > count and name not in ("date", "modality")):
                raise Wrong(f"{name}: {query}: status {answer.status}, {found} studies, not {count}: {body[:200]!r}")

    def table(self):
        """The lines of a Markdown table."""
        sizes = self.sizes
        yield (f"| QIDO-RS, {CONNECTIONS} connections, requests/s (p99 ms) | " + " | ".join(f"{size:,} studies" for size in sizes)
               + " | Orthanc" + (f", {self.orthanc_size:,}" if self.orthanc_size else "") + " | ratio | goal | reached |")
        yield "| --- |" + " ---: |" * (len(sizes) + 2) + " --- | --- |"
        for what, name, times in ROWS:
            ours = [self.figures[name, size] for size in sizes]
            theirs = self.figures.get((name, "orthanc"))
            ratio = self.figures[name, self.orthanc_size][0] / theirs[0] if theirs else None
            slower = ours[0][0] / ours[-1][0]
            goals = ["≥ 5,000/s", "≤ 1.5 times slower at most"] + ([f"≥ {times} times Orthanc"] if times else [])
            reached = (min(one[0] for one in ours) >= 5_000 and slower <= 1.5
                       and (not times or ratio is None or ratio >= times))
            yield (f"| {what} | " + " | ".join(f"{one[0]:,.0f} ({one[1]:.1f})" for one in ours)
                   + f" | {f'{theirs[0]:,.1f}' if theirs else 'not installed'} | {f'{ratio:,.0f}' if ratio else ''} | "
                   + ", ".join(goals) + f" | {'yes' if reached else '**no**'} |")
        yield ""
        yield (f"| C-FIND, {CONNECTIONS} associations, requests/s | " + " | ".join(f"{size:,} studies" for size in sizes)
               + " | Orthanc" + (f", {self.orthanc_size:,}" if self.orthanc_size else "") + " | ratio |")
        yield "| --- |" + " ---: |" * (len(sizes) + 2)
        for what, _, _ in FIND_ROWS:
            ours, theirs = [self.figures[what, size] for size in sizes], self.figures.get((what, "orthanc"))
            ratio = f"{theirs:,.1f} | {self.figures[what, self.orthanc_size] / theirs:,.0f}" if theirs else "not installed |"
            yield f"| {what} | " + " | ".join(f"{one:,.0f}" for one in ours) + f" | {ratio} |"

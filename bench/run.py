#!/usr/bin/env python3
"""The benchmark: `./dev bench` builds what it needs and calls this.

Workload: studies of ten years and a fifth as many patients, made by bench/generate.cc, which also
writes the questions and their right answers; every kind of answer is checked before it is timed. The
server runs on core 0, wrk on core 1; each figure is the median of some rounds. Floors, in the same
run: nginx with one worker serving a file as large as the average study, and Lightbox's own HTTP layer
answering the same bytes without a store. DICOM objects go in beside Orthanc (dicom.py).
"""

import argparse
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import dicom
import page
import qido
import remote
import retrieve
import shapes
from measure import (Server, Wrong, check, fdatasync_ms, median, nginx_command, rate, tree_bytes, wrk)

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "bench-data"
BINARY = Path(os.environ.get("LIGHTBOX", ROOT / "build" / "lightbox"))
SEARCHES = {  # workload of the generator -> what the table calls it
    "patient": "search by patient",
    "identifier": "search by identifier (accession)",
    "modality_started": "modality + started, sorted -started, page of 10",
    "three_criteria": "modality + body site + started, sorted, page of 10",
    "hardly_meet": "two common criteria that hardly meet, page of 10",
    "count_one": "_summary=count of one criterion",
    "count_two": "_summary=count of two criteria",
    "count_modality_since": "_summary=count of modality + started",
}
CONNECTIONS = (8, 64)


def say(text):
    print(f"-- {text}", file=sys.stderr, flush=True)


class Size:
    """One store of `studies` studies: its folder, its facts, its figures."""

    def __init__(self, studies, options):
        self.studies, self.options = studies, options
        self.folder = DATA / str(studies)
        self.store = self.folder / "store"
        self.figures = {}

    def serve(self, *flags):
        return Server([str(BINARY), "serve", "--data", str(self.store), "--listen", "127.0.0.1:0", "--dimse", "off",
                       *flags],
                      self.folder / "server.log")

    def generate(self):
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        say(f"{self.studies:,} studies: generating")
        subprocess.run([str(ROOT / "build/bench/bench_generate"), str(self.studies), str(self.folder)],
                       check=True)
        self.facts = json.loads((self.folder / "facts.json").read_text())

    def load(self):
        say("loading")
        started = time.monotonic()
        subprocess.run([str(BINARY), "load", "--data", str(self.store), str(self.folder / "patients.ndjson"),
                        str(self.folder / "studies.ndjson")], check=True, stdout=subprocess.DEVNULL,
                       stderr=open(self.folder / "load.log", "w"))
        seconds = time.monotonic() - started
        self.figures["load"] = (self.studies + self.facts["patients"]) / seconds
        self.figures["disk"] = tree_bytes(self.store) / self.studies
        self.figures["json"] = (self.folder / "studies.ndjson").stat().st_size / self.studies

    def check_answers(self, server):
        for name in ("read", *SEARCHES):
            for question in self.facts[name][:20]:
                check(server, name, question)
        total = server.json("ImagingStudy?_summary=count")["total"]
        if total != self.studies:
            raise Wrong(f"{total} studies, not {self.studies}")

    def paths(self, name):
        path = self.folder / f"{name}.paths"
        path.write_text("".join(f"/baseR4/{question['path']}\n" for question in self.facts[name]))
        return path

    def read_bytes(self, server):
        return round(sum(len(server.get(question["path"])[1]) for question in self.facts["read"][:500]) / 500)

    def startups(self, key, before=lambda: None):
        times = []
        for _ in range(5):
            before()
            server = self.serve()
            times.append(server.wait_until_answering(self.facts["identifier"][0]["path"]))
            server.stop()
        self.figures[key] = median(times)

    def kill_while_writing(self):
        server = self.serve()
        server.wait_until_answering("metadata")
        load = subprocess.Popen(
            ["wrk", "-t1", "-c16", "-d30s", "-s", str(ROOT / "bench/post.lua"),
             f"http://127.0.0.1:{server.port}/baseR4/ImagingStudy", "--", str(self.folder / "new.ndjson")],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(2)
        server.stop(signal.SIGKILL)
        load.terminate()
        load.wait()

    def old_bodies(self):
        """Studies without their ids, of any day of the ten years: each changes other pages."""
        path = self.folder / "old.ndjson"
        if not path.exists():
            with open(self.folder / "studies.ndjson") as studies, open(path, "w") as out:
                for _, line in zip(range(5_000), studies):
                    resource = json.loads(line)
                    del resource["id"]
                    out.write(json.dumps(resource, separators=(",", ":")) + "\n")
        return path

    def reads_and_searches(self, server):
        for connections in (1, *CONNECTIONS):
            say(f"read by id, {connections} connections")
            self.figures["read", connections] = rate("get.lua", server, self.paths("read"), connections,
                                                     self.options)
        for name, label in SEARCHES.items():
            for connections in CONNECTIONS:
                say(f"{label}, {connections} connections")
                self.figures[name, connections] = rate("get.lua", server, self.paths(name), connections,
                                                       self.options)
            say("the same, one at a time")
            rounds = [wrk("get.lua", server.port, self.paths(name), 1, 1)["p50_us"]
                      for _ in range(self.options.rounds)]
            self.figures[name, "ms"] = median(rounds) / 1000

    def deep_paging(self, server):
        """Follows next links; the time of the first fifty pages and of the last fifty."""
        say("deep paging")
        path, seen, times = "ImagingStudy?modality=CT&_sort=-started&_count=10", set(), []
        while path and len(times) < 2_000:
            started = time.perf_counter()
            bundle = server.json(path)
            times.append(time.perf_counter() - started)
            ids = [entry["resource"]["id"] for entry in bundle.get("entry", [])]
            if seen & set(ids):
                raise Wrong(f"page {len(times)} repeats a study")
            seen.update(ids)
            path = next((link["url"] for link in bundle["link"] if link["relation"] == "next"), None)
            path = path and path[path.index("/baseR4/"):]
        expected = min(self.facts["count_one"][0]["total"], 20_000)
        if len(seen) != expected:
            raise Wrong(f"paging gave {len(seen)} studies, not {expected}")
        self.figures["pages"] = len(times)
        self.figures["page first"] = median(times[:50]) * 1000
        self.figures["page last"] = median(times[-50:]) * 1000

    def query_shapes(self):
        server = self.serve()
        server.wait_until_answering("metadata")
        data = shapes.Data(self.folder)
        self.figures["shapes"] = shapes.measure(server.port, data, say)
        say("a transaction of 10,000 entries")
        self.figures["transaction"] = 10_000 / (shapes.transaction_ms(server.port, 10_000) / 1000)
        self.figures["rss after shapes"] = server.anonymous_mb()
        server.stop()
        say("indexing all words")
        server = self.serve("--full-text", "content")
        server.wait_until_answering("metadata")
        self.figures["shapes"].append(shapes.measure_content(server.port, data))
        server.stop()
        server = self.serve()  # which forgets them again
        server.wait_until_answering("metadata")
        server.stop()

    def creates(self, server, key, bodies):
        for connections in (1, 16):
            say(f"durable {key}, {connections} connections")
            before = server.json("ImagingStudy?_summary=count")["total"]
            rounds = [wrk("post.lua", server.port, bodies, connections, self.options.seconds,
                          "/baseR4/ImagingStudy") for _ in range(self.options.rounds)]
            acknowledged = sum(r["requests"] for r in rounds)
            grown = server.json("ImagingStudy?_summary=count")["total"] - before
            # wrk leaves without waiting for its last answers.
            if not acknowledged <= grown <= acknowledged + connections * self.options.rounds:
                raise Wrong(f"{acknowledged} acknowledged, {grown} there")
            self.figures[key, connections] = (median([r["rate"] for r in rounds]),
                                                   median([r["p99_us"] for r in rounds]) / 1000)

    def page(self, server):
        say("the study browser's start")
        self.figures["page start"] = page.start_s(server.port)

    def floors(self, file_bytes):
        paths = self.folder / "floor.paths"
        paths.write_text("/file.json\n")
        candidates = {"nginx": (nginx_command(DATA / "nginx", 18181, file_bytes), 18181)}
        bare = ROOT / "build/bench/bench_bare_http"
        if bare.exists():
            candidates["bare"] = ([str(bare), "--port", "18182", "--bytes", str(file_bytes)], 18182)
        for name, (command, port) in candidates.items():
            server = Server(command, self.folder / f"{name}.log", port)
            server.wait_until_answering("/file.json")
            for connections in (1, *CONNECTIONS):
                say(f"floor: {name}, {file_bytes} bytes, {connections} connections")
                self.figures[name, connections] = rate("get.lua", server, paths, connections, self.options)
            server.stop(signal.SIGTERM)

    def measure_page(self):
        self.generate()
        self.load()
        server = self.serve()
        server.wait_until_answering("metadata")
        self.page(server)
        server.stop()
        if not self.options.keep:
            shutil.rmtree(self.folder)
        return self

    def measure(self):
        self.generate()
        self.load()
        self.startups("start")
        self.query_shapes()
        server = self.serve()
        server.wait_until_answering("metadata")
        say("checking the answers")
        self.check_answers(server)
        self.figures["bytes"] = self.read_bytes(server)
        self.reads_and_searches(server)
        self.deep_paging(server)
        self.page(server)
        self.figures["rss"] = server.anonymous_mb()
        self.creates(server, "create", self.folder / "new.ndjson")
        self.creates(server, "create old", self.old_bodies())
        self.figures["rss after creates"] = server.anonymous_mb()
        server.stop()
        say("start-up after kill -9")
        self.startups("start after kill", self.kill_while_writing)
        self.floors(self.figures["bytes"])
        if not self.options.keep:
            shutil.rmtree(self.folder)
        return self


# --- the table -----------------------------------------------------------------------------------

def machine(options):
    cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "?")
    cores = sum(line.startswith("processor") for line in open("/proc/cpuinfo"))
    memory = int(open("/proc/meminfo").readline().split()[1]) / 1024 / 1024
    commit = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True,
                            text=True).stdout.strip()
    return (f"{cpu}, {cores} cores, {memory:.0f} GB, Linux {platform.release()}; a durable 4 KB append (fdatasync) "
            f"takes {fdatasync_ms(DATA):.2f} ms. Commit {commit}. Server on core 0, wrk on core 1; medians of "
            f"{options.rounds} rounds of {options.seconds} s; load and start-up are not pinned and not warmed. "
            f"Load average at the start: {options.busy:.2f}.")


def page_row():
    """(what, function of a size, goal, function of small and large)."""
    return ("study browser, from the address to its first page of studies, s",
            lambda s: f"{s.figures['page start']:.2f}" if s.figures["page start"] else "no browser", "≤ 0.5",
            lambda s, l: bool(l.figures["page start"]) and l.figures["page start"] <= 0.5)


def rows(small, large):
    """(what, function of a size, goal, function of small and large or None)."""
    number = "{:,.0f}".format
    yield "load, resources/s", lambda s: number(s.figures["load"]), "≥ 15,000", \
        lambda s, l: l.figures["load"] >= 15_000
    yield "size on disk per study (its JSON), bytes", \
        lambda s: f"{s.figures['disk']:,.0f} ({s.figures['json']:,.0f})", "", None
    yield "start-up, s", lambda s: f"{s.figures['start']:.3f}", "≤ 0.5", lambda s, l: l.figures["start"] <= 0.5
    yield "start-up after kill -9 under writes, s", lambda s: f"{s.figures['start after kill']:.3f}", "≤ 0.5", \
        lambda s, l: l.figures["start after kill"] <= 0.5
    yield "anonymous RSS after reads and searches, MB", lambda s: number(s.figures["rss"]), "≤ 400", \
        lambda s, l: l.figures["rss"] <= 400
    yield "anonymous RSS after creates, MB", lambda s: number(s.figures["rss after creates"]), "≤ 400", \
        lambda s, l: l.figures["rss after creates"] <= 400
    for connections in (1, *CONNECTIONS):
        for key, label in (("read", "read by id"), ("nginx", "floor: nginx, a file of that size"),
                           ("bare", "floor: bare HTTP layer, that size")):
            if (key, connections) in small.figures:
                yield f"{label}, {connections} connections, 1/s", \
                    lambda s, key=(key, connections): number(s.figures[key][0]), "", None
    yield "read by id, part of nginx at 64 connections", \
        lambda s: f"{s.figures['read', 64][0] / s.figures['nginx', 64][0]:.2f}", "≥ 0.35", \
        lambda s, l: l.figures["read", 64][0] >= 0.35 * l.figures["nginx", 64][0]
    goals = {"patient": 10_000, "modality_started": 8_000}
    for name, label in SEARCHES.items():
        for connections in CONNECTIONS:
            goal = goals.get(name) if connections == 64 else None
            yield f"{label}, {connections} connections, 1/s (p99 ms)", \
                lambda s, key=(name, connections): "{:,.0f} ({:.1f})".format(*s.figures[key]), \
                f"≥ {goal:,}" if goal else "", \
                (lambda s, l, name=name, goal=goal: l.figures[name, 64][0] >= goal) if goal else None
        counted = name.startswith("count_") and name != "count_one"
        yield f"{label}, one at a time, ms", lambda s, key=(name, "ms"): f"{s.figures[key]:.3f}", \
            "≤ 10" if counted else "", (lambda s, l, name=name: l.figures[name, "ms"] <= 10) if counted else None
    for i, (shape, _, _) in enumerate(small.figures["shapes"]):
        yield f"{shape.label}: first answer after a start / median of the next, ms", \
            lambda s, i=i: "{:.1f} / {:.2f}".format(*s.figures["shapes"][i][1:]), \
            f"≤ {shape.goal_ms}" if shape.goal_ms else "", \
            (lambda s, l, i=i, goal=shape.goal_ms: l.figures["shapes"][i][2] <= goal) if shape.goal_ms else None
    yield page_row()
    yield "a transaction of 10,000 entries, resources/s", lambda s: number(s.figures["transaction"]), "", None
    yield "anonymous RSS after these, MB", lambda s: number(s.figures["rss after shapes"]), "≤ 400", \
        lambda s, l: l.figures["rss after shapes"] <= 400
    yield "paging by next links: pages followed", lambda s: number(s.figures["pages"]), "", None
    yield "first 50 pages / last 50 pages, ms a page", \
        lambda s: f"{s.figures['page first']:.2f} / {s.figures['page last']:.2f}", "", None
    for connections in (1, 16):
        yield f"durable create of today's studies, {connections} connections, 1/s (p99 ms)", \
            lambda s, key=("create", connections): "{:,.0f} ({:.1f})".format(*s.figures[key]), \
            "≥ 3,000" if connections == 16 else "", \
            (lambda s, l: l.figures["create", 16][0] >= 3_000) if connections == 16 else None
    for connections in (1, 16):
        yield f"durable create of studies of any day of ten years, {connections} connections, 1/s (p99 ms)", \
            lambda s, key=("create old", connections): "{:,.0f} ({:.1f})".format(*s.figures[key]), "", None


def table(sizes, options):
    small, large = sizes[0], sizes[-1]
    lines = [machine(options), "",
             "| what | " + " | ".join(f"{size.studies:,} studies" for size in sizes) + " | goal | reached |",
             "| --- |" + " ---: |" * len(sizes) + " --- | --- |"]
    is_page = options.only == "page"
    for what, show, goal, reached in [page_row()] if is_page else rows(small, large):
        mark = "" if reached is None else "yes" if reached(small, large) else "**no**"
        lines.append(f"| {what} | " + " | ".join(show(size) for size in sizes) + f" | {goal} | {mark} |")
    if len(sizes) > 1 and not is_page:
        for key, label in ((("read", 64), "read by id"), (("patient", 64), "patient search"),
                           (("modality_started", 64), "modality + started")):
            slower = small.figures[key][0] / large.figures[key][0]
            lines.append(f"| {label}: times slower at {large.studies:,} |" + " |" * (len(sizes) - 1)
                         + f" {slower:.2f} | ≤ 1.5 | {'yes' if slower <= 1.5 else '**no**'} |")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", default="10000,1000000", help="sizes of the stores, smallest first")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=4, help="length of a round")
    parser.add_argument("--only", choices=("fhir", "page", "dicom", "qido", "retrieve", "remote"), help="a part of it")
    parser.add_argument("--qido-studies", default="200,20000,1000000", help="sizes of the archives that are searched")
    parser.add_argument("--remote-studies", type=int, default=20_000, help="in the archive whose metadata is taken")
    parser.add_argument("--keep", action="store_true", help="leave data and stores in bench-data/")
    options = parser.parse_args()
    options.busy = os.getloadavg()[0]
    if options.busy > 0.5:
        say(f"the machine is busy (load average {options.busy:.2f}): these figures will be too low")
    DATA.mkdir(exist_ok=True)
    text = ""
    try:
        if options.only in (None, "fhir", "page"):
            sizes = [Size(int(studies), options) for studies in options.studies.split(",")]
            text += table([size.measure_page() if options.only == "page" else size.measure() for size in sizes], options)
        for name, part in (("dicom", dicom.Dicom), ("qido", qido.Qido), ("retrieve", retrieve.Retrieve),
                           ("remote", remote.Remote)):
            if options.only not in (None, name):
                continue
            lines = [] if text else [machine(options)]
            text += "\n".join([*lines, "", *part(DATA / name, options, say).measure().table()]) + "\n"
    except Wrong as wrong:
        sys.exit(f"bench: {wrong}")
    (DATA / "results.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()

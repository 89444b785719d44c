"""Images out: metadata of a series of 500 instances, an instance, frames of 20 KB and 512 KB, a rendered picture and a
thumbnail, beside Orthanc from Debian on the same files; frames also beside nginx serving the same bytes.

Every server runs on core 0 with wrk on core 1, eight connections; each figure is the median of some rounds. What is
asked for is checked first: both servers must give the same metadata, instance and frame. Orthanc has no thumbnails: a
rendered picture of that size stands for them.
"""

import http.client
import json
import shutil
import subprocess
import time
from pathlib import Path

import generate_dicom
from dicom import Lightbox
from measure import SERVER_CORE, Server, Wrong, median, nginx_command, wrk
from orthanc import PLUGIN, Orthanc, free_port

import dicom_data  # noqa: E402  generate_dicom has said where it is

INSTANCES, CONNECTIONS, STUDY = 500, 8, 1
SIZES = {"20 KB": (100, 100), "512 KB": (512, 512)}  # 16 bits
# What, path below the study, and the goal: times Orthanc.
ROWS = [("metadata of a series of 500 instances", "{series}/metadata", 50),
        ("instance of 20 KB", "{small}", None), ("instance of 512 KB", "{large}", None),
        ("frame of 20 KB", "{small}/frames/1", None), ("frame of 512 KB", "{large}/frames/1", None),
        ("rendered 512×512", "{large}/rendered", None),
        ("thumbnail of 512×512", "{large}/thumbnail|{large}/rendered?viewport=256,256", None)]


def objects(folder):
    pixels = generate_dicom.noise(512 * 512)
    files = []
    for number in range(1, INSTANCES + 1):
        content = dicom_data.instance(
            STUDY, 1, number, rows=100, columns=100, pixels=pixels[number * 2:number * 2 + 20_000],
            StudyDescription="Thorax", SeriesDescription="Axial", BodyPartExamined="CHEST", SliceThickness="1.25",
            KVP="120", PixelSpacing=["0.7", "0.7"], ImagePositionPatient=["0", "0", str(number * 1.25)],
            ImageOrientationPatient=["1", "0", "0", "0", "1", "0"], WindowCenter="40", WindowWidth="400",
            RescaleIntercept="-1024", RescaleSlope="1", FrameOfReferenceUID=dicom_data.uid("frame", STUDY))
        files.append(generate_dicom.write(Path(folder) / f"{number:03}.dcm", content))
    files.append(generate_dicom.write(Path(folder) / "large.dcm", dicom_data.instance(
        STUDY, 2, 1, rows=512, columns=512, pixels=pixels[:512 * 512 * 2], WindowCenter="2048", WindowWidth="4096")))
    return files


def get(port, path):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    connection.request("GET", path)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    if answer.status != 200:
        raise Wrong(f"{path}: {answer.status}: {body[:300]!r}")
    return body


class Retrieve:
    """The whole of it; `figures` is filled by measure()."""

    def __init__(self, folder, options, say):
        self.folder, self.options, self.say = Path(folder), options, say
        self.figures = {}
        self.has_orthanc = shutil.which("Orthanc") is not None and PLUGIN.exists()
        self.has_nginx = shutil.which("nginx") is not None

    def measure(self):
        shutil.rmtree(self.folder, ignore_errors=True)
        self.say("generating a series of 500 instances")
        files = objects(self.folder / "files")
        answers = {}
        for kind, root in ((Lightbox, "/dicomweb"), (Orthanc, "/dicom-web")):
            if kind is Orthanc and not self.has_orthanc:
                continue
            server = kind(self.folder / kind.__name__.lower())
            subprocess.run(["taskset", "-a", "-p", "-c", SERVER_CORE, str(server.process.pid)], check=True,
                           stdout=subprocess.DEVNULL)
            try:
                self.send(server, files)
                answers[kind] = self.rows(kind.__name__, server.port, root)
            finally:
                server.stop()
        self.check(answers)
        if self.has_nginx:
            self.nginx()
        shutil.rmtree(self.folder)
        return self

    def send(self, server, files):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
        url = "/dicomweb/studies" if isinstance(server, Lightbox) else "/instances"
        for file in files:
            connection.request("POST", url, file.read_bytes(), {"Content-Type": "application/dicom"})
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                raise Wrong(f"{type(server).__name__} refuses {file}: {answer.status}")
        connection.close()
        time.sleep(3)  # what it makes of it besides is not measured

    def rows(self, name, port, root):
        study = f"{root}/studies/{dicom_data.study_uid(STUDY)}"
        places = {"series": f"{study}/series/{dicom_data.series_uid(STUDY, 1)}"}
        places["small"] = f"{places['series']}/instances/{dicom_data.sop_instance_uid(STUDY, 1, 1)}"
        places["large"] = (f"{study}/series/{dicom_data.series_uid(STUDY, 2)}/instances/"
                           f"{dicom_data.sop_instance_uid(STUDY, 2, 1)}")
        answers = {}
        for what, path, _ in ROWS:
            path = path.split("|")[-1 if name == "Orthanc" else 0].format(**places)
            answers[what] = get(port, path)
            lines = self.folder / "paths"
            lines.write_text(path + "\n")
            self.say(f"{name}: {what}")
            rounds = [wrk("get.lua", port, lines, CONNECTIONS, self.options.seconds)["rate"]
                      for _ in range(self.options.rounds)]
            self.figures[name, what] = median(rounds)
            lines.write_text(path + "\n")
            self.figures[name, what, "ms"] = wrk("get.lua", port, lines, 1, 1)["p50_us"] / 1000
        return answers

    def check(self, answers):
        for kind, given in answers.items():
            metadata = json.loads(given[ROWS[0][0]])
            numbers = sorted(int(one["00200013"]["Value"][0]) for one in metadata)
            if numbers != list(range(1, INSTANCES + 1)):
                raise Wrong(f"{kind.__name__} gives metadata of {len(numbers)} instances")
            pixels = generate_dicom.noise(512 * 512)
            for what, expected in (("20 KB", pixels[2:20_002]), ("512 KB", pixels[:512 * 512 * 2])):
                if expected not in given[f"frame of {what}"] or expected not in given[f"instance of {what}"]:
                    raise Wrong(f"{kind.__name__} gives another frame of {what}")

    def nginx(self):
        for what, (rows, columns) in SIZES.items():
            port = free_port()
            server = Server(nginx_command(self.folder / "nginx", port, rows * columns * 2), self.folder / "nginx.log",
                            port)
            server.wait_until_answering("/file.json")
            lines = self.folder / "paths"
            lines.write_text("/file.json\n")
            self.say(f"nginx: {what}")
            self.figures["nginx", what] = median([wrk("get.lua", port, lines, CONNECTIONS, self.options.seconds)["rate"]
                                                  for _ in range(self.options.rounds)])
            server.stop()

    def table(self):
        """The lines of a Markdown table."""
        yield (f"| images out, {CONNECTIONS} connections, requests/s | Lightbox | one at a time, ms | Orthanc | ratio | "
               "goal | reached |")
        yield "| --- | ---: | ---: | ---: | ---: | --- | --- |"
        for what, _, goal in ROWS:
            ours, ms = self.figures["Lightbox", what], self.figures["Lightbox", what, "ms"]
            theirs = self.figures.get(("Orthanc", what))
            ratio = f"{theirs:,.0f} | {ours / theirs:.1f}" if theirs else "not installed |"
            mark = "" if not goal or not theirs else "yes" if ours >= goal * theirs else "**no**"
            yield f"| {what} | {ours:,.0f} | {ms:.2f} | {ratio} | {f'≥ {goal}' if goal else ''} | {mark} |"
        yield ""
        yield "| a frame beside nginx serving the same bytes, requests/s | Lightbox | nginx | ratio | goal | reached |"
        yield "| --- | ---: | ---: | ---: | --- | --- |"
        for what in SIZES:
            if ("nginx", what) not in self.figures:
                continue
            ours, theirs = self.figures["Lightbox", f"frame of {what}"], self.figures["nginx", what]
            mark = "yes" if ours >= 0.4 * theirs else "**no**"
            yield f"| frame of {what} | {ours:,.0f} | {theirs:,.0f} | {ours / theirs:.2f} | ≥ 0.4 | {mark} |"

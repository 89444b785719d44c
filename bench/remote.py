"""The archive that is there already: studies in Orthanc from Debian, whose metadata Lightbox takes by DICOMweb and
by DIMSE (what a study says, its series and instances); and images that stay there, asked for through Lightbox, straight,
and, as the floor of all that stand between, through nginx; by one client at a time.

The pace of the source is not limited. What is taken is counted, and what is retrieved must be the same bytes both ways.
"""

import json
import re
import resource
import shutil
import sqlite3
import subprocess
import time
from pathlib import Path

import generate_studies
import retrieve
from dicom import BINARY, wait_for
from measure import Server, Wrong, median, wrk
from orthanc import PLUGIN, Orthanc, free_port
from qido import SENDER

import dicom_data  # noqa: E402  generate_dicom has said where it is

ROWS = [("frame of 20 KB", "small", "/frames/1"), ("frame of 512 KB", "large", "/frames/1"),
        ("instance of 20 KB", "small", ""), ("instance of 512 KB", "large", ""),
        ("metadata of a series of 500 instances", "series", "/metadata")]


# By DIMSE each study is several queries, all of which Orthanc answers the slower the more it has.
DIMSE_STUDIES = 500


def proxy_command(folder, port, to):
    """An nginx that passes on what it is asked for, on connections that it keeps."""
    folder.mkdir(parents=True, exist_ok=True)
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    (folder / "nginx.conf").write_text(f"""
worker_processes 1; daemon off; pid {folder}/pid; error_log stderr warn;
events {{ worker_connections 1024; }}
http {{
  access_log off; {" ".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)}
  upstream archive {{ server 127.0.0.1:{to}; keepalive 8; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{ proxy_pass http://archive; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off; }}
  }}
}}
""")
    return ["nginx", "-e", "stderr", "-p", str(folder), "-c", str(folder / "nginx.conf")]


class Remote:
    """The whole of it; `figures` is filled by measure()."""

    def __init__(self, folder, options, say):
        self.folder, self.options, self.say = Path(folder), options, say
        self.studies = options.remote_studies
        self.has_nginx = shutil.which("nginx") is not None
        self.figures, self.has_orthanc = {}, shutil.which("Orthanc") is not None and PLUGIN.exists()

    def measure(self):
        shutil.rmtree(self.folder, ignore_errors=True)
        if not self.has_orthanc:
            return self
        self.say(f"Orthanc: storing {self.studies:,} studies")
        files = self.folder / "files"
        generate_studies.studies(files, self.studies)
        orthanc = Orthanc(self.folder / "orthanc")
        try:
            listed = self.folder / "files.list"
            listed.write_text("".join(f"{path}\n" for path in sorted(files.rglob("*.dcm"))))
            subprocess.run([str(SENDER), "rest", orthanc.upload_url, str(listed), "4", "1"], check=True,
                           stdout=subprocess.DEVNULL)
            wait_for(orthanc, (self.studies, 2 * self.studies, 2 * self.studies))
            self.pull("DICOMweb", f'protocol = "dicomweb"\nurl = "{orthanc.dicomweb}"\n', self.studies)
            count, day = self.newest()
            self.pull("DIMSE", f'protocol = "dimse"\npeer = "LIGHTBOX=127.0.0.1:{orthanc.dicom_port}"\n', count,
                      "--from", day)
            for path in retrieve.objects(self.folder / "images"):
                orthanc.ask("POST", "/instances", path.read_bytes())
            self.images(orthanc)
        finally:
            orthanc.stop()
        shutil.rmtree(self.folder)
        return self

    def configure(self, name, source):
        config = self.folder / f"{name}.toml"
        config.write_text(f"[sources.main]\n{source}requests_per_second = 10000\npoll_seconds = 0\nwalk_hours = 0\n"
                          "image_requests_per_second = 10000\n")
        return config

    def newest(self):
        """How many studies the newest days have, DIMSE_STUDIES or a few more, and their first day."""
        with sqlite3.connect(f"file:{self.folder}/DICOMweb/lightbox.db?mode=ro", uri=True) as database:
            days = [day for (day,) in database.execute("SELECT day FROM source_study ORDER BY day DESC")]
        day = days[min(DIMSE_STUDIES, len(days)) - 1]
        return sum(one >= day for one in days), f"{day[:4]}-{day[4:6]}-{day[6:]}"

    def pull(self, name, source, count, *flags):
        self.say(f"{name}: taking the metadata of {count:,} studies")
        before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        done = subprocess.run([str(BINARY), "pull", "main", "--data", str(self.folder / name), "--config",
                               str(self.configure(name, source)), *flags], capture_output=True, text=True)
        seconds = time.monotonic() - began
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        found = re.search(r"(\d+) studies in .* (\d+) pulled", done.stdout)
        if not found or int(found[2]) != count:
            raise Wrong(f"{name}: {done.stdout} {done.stderr}")
        busy = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        self.figures[name] = (count, count / seconds, 1 - busy / seconds)
        self.say(f"  {count / seconds:,.1f}/s")

    def images(self, orthanc):
        config = self.configure("DICOMweb", f'protocol = "dicomweb"\nurl = "{orthanc.dicomweb}"\n')
        data = self.folder / "DICOMweb"
        subprocess.run([str(BINARY), "pull", "main", "--data", str(data), "--config", str(config)], check=True,
                       stdout=subprocess.DEVNULL)
        server = Server([str(BINARY), "serve", "--data", str(data), "--config", str(config), "--listen", "127.0.0.1:0",
                         "--dimse", "off"], self.folder / "server.log")
        study = f"/studies/{dicom_data.study_uid(retrieve.STUDY)}"
        places = {"series": f"{study}/series/{dicom_data.series_uid(retrieve.STUDY, 1)}"}
        places["small"] = f"{places['series']}/instances/{dicom_data.sop_instance_uid(retrieve.STUDY, 1, 1)}"
        places["large"] = (f"{study}/series/{dicom_data.series_uid(retrieve.STUDY, 2)}/instances/"
                           f"{dicom_data.sop_instance_uid(retrieve.STUDY, 2, 1)}")
        asked = [(server.port, "/dicomweb"), (orthanc.port, "/dicom-web")]
        proxy = None
        if self.has_nginx:
            port = free_port()
            proxy = Server(proxy_command(self.folder / "nginx", port, orthanc.port), self.folder / "nginx.log", port)
            asked.append((port, "/dicom-web"))
        try:
            for what, place, rest in ROWS:
                path = places[place] + rest
                self.check(what, retrieve.get(server.port, "/dicomweb" + path), retrieve.get(orthanc.port, "/dicom-web" + path))
                self.say(what)
                rounds = []
                for _ in range(max(5, self.options.rounds)):  # by turns, so that all meet the same machine
                    rounds.append([self.first_image(port, root + path) for port, root in asked])
                self.figures[what] = [median(column) for column in zip(*rounds)]
        finally:
            server.stop()
            if proxy:
                proxy.stop()

    def first_image(self, port, path):
        lines = self.folder / "paths"
        lines.write_text(path + "\n")
        return wrk("get.lua", port, lines, 1, 1)["p50_us"] / 1000

    @staticmethod
    def check(what, ours, theirs):
        if what.startswith("metadata"):
            same = len(json.loads(ours)) == len(json.loads(theirs)) == retrieve.INSTANCES
        else:  # all but the boundary
            same = len(ours) == len(theirs) and ours[1000:-1000] == theirs[1000:-1000]
        if not same:
            raise Wrong(f"{what} is another through Lightbox")

    def table(self):
        """The lines of a Markdown table."""
        if not self.has_orthanc:
            yield "Another archive: Orthanc is not installed."
            return
        yield f"| metadata of studies of an Orthanc that has {self.studies:,} | studies | studies/s | of the time, not spent by Lightbox |"
        yield "| --- | ---: | ---: | ---: |"
        for name in ("DICOMweb", "DIMSE"):
            count, rate, waiting = self.figures[name]
            yield f"| by {name} | {count:,} | {rate:,.1f} | {waiting:.0%} |"
        yield ""
        yield "| an image that has stayed in Orthanc, ms | through Lightbox | straight | times | goal | reached | through nginx |"
        yield "| --- | ---: | ---: | ---: | --- | --- | ---: |"
        for what, _, _ in ROWS:
            ours, theirs, *nginx = self.figures[what]
            mark = "yes" if ours <= 1.2 * theirs else "**no**"
            floor = f"{nginx[0] / theirs:.2f} times" if nginx else "not installed"
            yield f"| {what} | {ours:.2f} | {theirs:.2f} | {ours / theirs:.2f} | ≤ 1.2 | {mark} | {floor} |"

"""Orthanc from Debian with its DICOMweb plugin, as an archive that is there already."""

import http.client
import json
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
START_TIMEOUT_S = 60


def is_there():
    return shutil.which("Orthanc") is not None and PLUGIN.exists()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Orthanc:
    """A context manager; its storage lies below `folder`. `config`: further settings."""

    def __init__(self, folder, aet="ORTHANC", config=None):
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        self.aet, self.port, self.dicom_port = aet, free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.dicomweb = f"{self.url}/dicom-web"
        (folder / "orthanc.json").write_text(json.dumps({
            "StorageDirectory": str(folder / "storage"), "IndexDirectory": str(folder / "storage"),
            "HttpPort": self.port, "TcpNoDelay": True, "DicomPort": self.dicom_port, "DicomAet": aet,
            "DicomAlwaysAllowStore": True, "DicomAlwaysAllowFind": True, "DicomAlwaysAllowGet": True,
            "DicomCheckCalledAet": False, "UnknownSopClassAccepted": True,
            "RemoteAccessAllowed": False, "AuthenticationEnabled": False, "Plugins": [str(PLUGIN)],
            "DicomWeb": {"Enable": True, "Root": "/dicom-web/"}, **(config or {})}))
        self.folder = folder
        self.start_again()

    def start_again(self):
        self.log = open(self.folder / "orthanc.log", "a")
        self.process = subprocess.Popen([shutil.which("Orthanc"), str(self.folder / "orthanc.json")], stdout=self.log,
                                        stderr=subprocess.STDOUT, env={**os.environ, "TCP_NODELAY": "1"})
        self._wait()

    def _wait(self):
        ends = time.monotonic() + START_TIMEOUT_S
        while True:
            try:
                self.ask("GET", "/system")
                return
            except OSError:
                if time.monotonic() > ends or self.process.poll() is not None:
                    raise AssertionError(f"Orthanc does not start: {Path(self.log.name).read_text()[-2000:]}") from None
                time.sleep(0.05)

    def ask(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request(method, path, body)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        if answer.status >= 300:
            raise AssertionError(f"{method} {path}: {answer.status} {content[:500]}")
        return content

    def get(self, path, accept):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("GET", path, headers={"Accept": accept})
        answer = connection.getresponse()
        answer.body = answer.read()
        connection.close()
        return answer

    def store(self, objects):
        for content in objects:
            self.ask("POST", "/instances", content)

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(timeout=60)
        self.log.close()

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.log.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

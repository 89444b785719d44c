"""Orthanc from Debian, as durable as it can be: what the DICOM benchmark is compared with."""

import http.client
import json
import os
import socket
import subprocess
import time
from pathlib import Path

from measure import Wrong

PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Orthanc:
    """On free ports, with its storage below `folder`; TCP_NODELAY on both of its servers."""

    def __init__(self, folder):
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        self.port, self.dicom_port = free_port(), free_port()
        (folder / "orthanc.json").write_text(json.dumps({
            "StorageDirectory": str(folder / "storage"), "IndexDirectory": str(folder / "storage"),
            "SyncStorageArea": True, "StorageCompression": False, "HttpPort": self.port, "TcpNoDelay": True,
            "DicomPort": self.dicom_port, "DicomAet": "LIGHTBOX", "DicomCheckCalledAet": False,
            "DicomAlwaysAllowFind": True, "DicomAlwaysAllowStore": True,
            "RemoteAccessAllowed": False, "AuthenticationEnabled": False,
            "StableAge": 60, "Plugins": [str(PLUGIN)], "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
        }))
        self.log = open(folder / "orthanc.log", "w")
        self.process = subprocess.Popen(["Orthanc", str(folder / "orthanc.json")], stdout=self.log,
                                        stderr=subprocess.STDOUT, env={**os.environ, "TCP_NODELAY": "1"})
        self.url, self.stow_url = f"http://127.0.0.1:{self.port}", f"http://127.0.0.1:{self.port}/dicom-web/studies"
        self.upload_url = self.url + "/instances"
        self.wait()

    def wait(self):
        for _ in range(600):
            try:
                self.counts()
                return
            except OSError:
                time.sleep(0.05)
            if self.process.poll() is not None:
                break
        raise Wrong(f"Orthanc does not answer: {Path(self.log.name).read_text()[-2000:]}")

    def counts(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("GET", "/statistics")
        statistics = json.loads(connection.getresponse().read())
        connection.close()
        return tuple(statistics[f"Count{what}"] for what in ("Studies", "Series", "Instances"))

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=120)
        self.log.close()

"""Orthanc from Debian, as durable as it can be: what the DICOM benchmark is compared with."""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
import orthanc_archive  # noqa: E402
from orthanc_archive import PLUGIN, free_port  # noqa: E402, F401


class Orthanc(orthanc_archive.Orthanc):
    """On free ports, with its storage below `folder`; TCP_NODELAY on both of its servers."""

    def __init__(self, folder):
        super().__init__(folder, aet="LIGHTBOX",
                         config={"SyncStorageArea": True, "StorageCompression": False, "StableAge": 60})
        url = f"http://127.0.0.1:{self.port}"
        self.upload_url, self.stow_url = f"{url}/instances", f"{self.dicomweb}/studies"

    def counts(self):
        statistics = json.loads(self.ask("GET", "/statistics"))
        return tuple(statistics[f"Count{what}"] for what in ("Studies", "Series", "Instances"))

"""The study browser's start in Debian's Chromium, headless: from the address to its first page of studies, which can be used."""

import json
import os
import subprocess
from pathlib import Path

from measure import Wrong, median

ROOT = Path(__file__).resolve().parent.parent
CHROMIUM = "/usr/bin/chromium"
TIMES = 11


def start_s(port):
    """The median of some; None without a browser. Browser and server share the machine."""
    if not Path(CHROMIUM).exists() or not (ROOT / "node_modules" / "playwright-core").exists():
        return None
    done = subprocess.run(["node", str(ROOT / "bench" / "page.mjs"), f"http://127.0.0.1:{port}/", str(TIMES)], cwd=ROOT,
                          capture_output=True, text=True, timeout=300, env={**os.environ, "CHROMIUM": CHROMIUM})
    if done.returncode != 0:
        raise Wrong(f"the study browser: {done.stderr}")
    return median(json.loads(done.stdout)) / 1000

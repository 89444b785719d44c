#!/usr/bin/env python3
"""Makes definitions/operations.ndjson: R4's definitions of the operations that Lightbox has.

    python3 definitions/generate/operations.py FOLDER

FOLDER holds the official operationdefinitions.json. Which operations there are says the table in
src/rest/operation.cc; narratives and the time of HL7's last build are left out.
"""

import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
TABLE = ROOT / "src" / "rest" / "operation.cc"
TARGET = ROOT / "definitions" / "operations.ndjson"


def main(folder):
    bundle = json.loads((Path(folder) / "operationdefinitions.json").read_text())
    official = {entry["resource"]["url"]: entry["resource"] for entry in bundle["entry"]}
    urls = re.findall(r'"(http://hl7\.org/fhir/OperationDefinition/[\w-]+)"', TABLE.read_text())
    lines = []
    for url in sorted(urls):
        resource = {name: value for name, value in official[url].items() if name not in ("text", "meta")}
        lines.append(json.dumps(resource, ensure_ascii=False, separators=(",", ":")) + "\n")
    TARGET.write_text("".join(lines))
    print(f"{len(lines)} operations")


if __name__ == "__main__":
    main(sys.argv[1])

"""The test of the tree itself: what may include what, how long a file is, what may lie where."""

import re
import subprocess
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# Folder of src/ -> the folders that it may include besides its own and base.
ARROWS = {
    "base": [],
    "fhir": [],
    "dicom": [],
    "http": [],
    "web": ["http"],
    "auth": [],
    "store": ["fhir"],
    "query": ["store", "fhir", "dicom"],
    "ingest": ["query", "store", "fhir", "dicom"],
    "rest": ["store", "fhir", "http", "auth"],
    "dicomweb": ["ingest", "query", "store", "dicom", "http", "auth"],
    "dimse": ["ingest", "query", "store", "dicom", "auth"],
    "hl7": [],
    "pacs": ["ingest", "query", "store", "dicom", "dimse", "http"],
    "imaging": ["rest", "ingest", "store", "fhir", "dicom"],
    "cli": None,  # may include all: it is the only wiring
}

# Folder -> what its files may be called. A file that fits nowhere is stray.
PLACES = [
    r"(README\.md|CHANGELOG\.md|LICENSE|CMakeLists\.txt|dev|\.gitignore|\.clang-format|\.clang-tidy)",
    r"\.ci/run",
    r"cmake/[a-z_]+\.(cmake|py)",
    r"(package|package-lock)\.json|\.npmrc",
    r"src/[a-z0-9]+/[a-z0-9_]+\.(cc|h)",
    r"src/web/(index\.html|build\.mjs|vite\.config\.js|tsconfig\.json)",
    r"src/web/app/([a-z]+/)?[a-z_]+\.(ts|tsx|css)",
    r"src/web/public/[a-z-]+\.svg",
    r"src/store/[a-z0-9_]+\.sql",
    r"definitions/([a-z-]+\.(tsv|txt|ndjson)|README\.md|generate/[a-z_]+\.py)",
    r"tests/[a-z0-9_]+\.(py|mjs)",
    r"tests/front_door/[a-z0-9-]+\.txt",
    r"fuzz/(CMakeLists\.txt|fuzz_[a-z0-9_]+\.cc|[a-z_]+\.dict)",
    r"bench/(CMakeLists\.txt|[a-z0-9_]+\.(cc|h|py|lua|mjs))",
    r"demo/([a-z]+\.py|[a-z-]+\.ndjson)",
    r"docs/[a-z-]+\.md",
]
LINES_MAX = 800
BYTES_MAX = 512 * 1024


def tracked():
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True,
                           capture_output=True, text=True).stdout.split("\0")
    return [name for name in names if name and (ROOT / name).is_file()]


class TreeTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.files = tracked()
        cls.sources = [f for f in cls.files if re.fullmatch(r"src/\w+/\w+\.(cc|h)", f)]

    def refuse(self, findings):
        self.assertFalse(findings, "\n" + "\n".join(findings))

    def test_there_is_something_to_look_at(self):
        self.assertGreater(len(self.sources), 40)

    def test_no_stray_files(self):
        self.refuse([f for f in self.files if not any(re.fullmatch(p, f) for p in PLACES)])

    def test_includes_follow_the_arrows(self):
        findings = []
        for name in self.sources:
            folder = name.split("/")[1]
            self.assertIn(folder, ARROWS, name)
            allowed = ARROWS[folder]
            for include in re.findall(r'^#include "(\w+)/', (ROOT / name).read_text(), re.M):
                if allowed is None or include in (folder, "base") or include in allowed:
                    continue
                findings.append(f"{name} includes {include}/")
        self.refuse(findings)

    def test_included_files_exist(self):
        self.refuse([f"{name}: no {include}" for name in self.sources
                     for include in re.findall(r'^#include "([^"]+)"', (ROOT / name).read_text(), re.M)
                     if not (ROOT / "src" / include).is_file()])

    def test_files_can_be_read_in_a_sitting(self):
        findings = []
        for name in self.files:
            if Path(name).suffix not in (".cc", ".h", ".py", ".sql", ".md", ".lua", ".txt", ".ts", ".tsx", ".css",
                                          ".mjs", ""):
                continue
            lines = (ROOT / name).read_text().count("\n")
            if lines > LINES_MAX:
                findings.append(f"{name}: {lines} lines, more than {LINES_MAX}")
        self.refuse(findings)

    def test_no_large_files(self):
        self.refuse([f"{name}: {size} bytes" for name in self.files
                     if not name.startswith("definitions/")
                     and (size := (ROOT / name).stat().st_size) > BYTES_MAX])

    def test_headers_say_what_they_are(self):
        # One of a dozen lines says it by its names.
        self.refuse([name for name in self.sources if name.endswith(".h")
                     and (ROOT / name).read_text().count("\n") > 12
                     and not re.match(r"#pragma once\n\n(#include .*\n|\n|namespace .*\n)*//",
                                      (ROOT / name).read_text())])

    def test_every_test_of_a_unit_sits_beside_it(self):
        # x_test.cc tests x.cc, x.h or a group x_*; or what the folder makes of a header of base/.
        findings = []
        for name in self.sources:
            if not name.endswith("_test.cc"):
                continue
            folder, words = (ROOT / name).parent, Path(name).stem.split("_")
            tested = [path for place in (folder, ROOT / "src" / "base") for path in place.glob(words[0] + "*")
                      if not path.name.endswith("_test.cc")]
            if not tested:
                findings.append(name)
        self.refuse(findings)

    def test_nothing_is_left_to_do(self):
        pattern = re.compile("|".join((r"\bTO" + "DO", r"\bFIX" + "ME", r"\bXX" + "X\\b")))
        self.refuse([f"{name}:{number}: {line.strip()}" for name in self.files
                     if Path(name).suffix in (".cc", ".h", ".py", ".sql", ".cmake", ".ts", ".tsx", ".css", ".mjs")
                     for number, line in enumerate((ROOT / name).read_text().splitlines(), 1)
                     if pattern.search(line)])


if __name__ == "__main__":
    unittest.main()

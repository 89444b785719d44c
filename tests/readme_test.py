"""Runs the README's own text: every curl in its ```bash blocks, against the demo store.

Only the addresses are changed, and image.dcm is an object made here. A search must give at least one study, everything else a 2xx.
"""

import json
import re
import shlex
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

import dicom_data
from lightbox import ROOT, Server, run

README = ROOT / "README.md"
WRITTEN_BASE = "http://localhost:8080"


def curl_commands(text):
    """The curl commands of the bash blocks, each as its words."""
    commands = []
    for block in re.findall(r"^```bash\n(.*?)^```", text, re.M | re.S):
        block = re.sub(r"(^|\s)# .*$", "", block, flags=re.M).replace("\\\n", " ")
        # shlex keeps a quoted text with its line breaks in one word; a command ends where its line does.
        lexer = shlex.shlex(block, posix=True, punctuation_chars="\n;&|")
        lexer.whitespace, lexer.whitespace_split, lexer.commenters = " \t\r", True, ""
        words = []
        for word in [*lexer, "\n"]:
            if set(word) <= set("\n;&|"):
                if words and words[0] == "curl":
                    commands.append(words)
                words = []
            else:
                words.append(word)
    return commands


class ReadmeTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        code, output = run("load", "--data", cls.folder.name, *sorted((ROOT / "demo").glob("*.ndjson")))
        if code != 0:
            raise AssertionError(output)
        cls.image = Path(cls.folder.name) / "image.dcm"
        cls.image.write_bytes(dicom_data.instance(study=77, AccessionNumber="README-1"))
        cls.server = Server(cls.folder.name)
        cls.commands = curl_commands(README.read_text())

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__()
        cls.folder.cleanup()

    def curl(self, words):
        """(status, body)"""
        here = f"http://localhost:{self.server.port}"
        words = [word.replace(WRITTEN_BASE, here).replace("@image.dcm", f"@{self.image}") for word in words]
        done = subprocess.run([*words, "-s", "-S", "-w", "\n%{http_code}"], capture_output=True, text=True,
                              timeout=30)
        self.assertEqual(done.returncode, 0, f"{words}: {done.stderr}")
        body, _, status = done.stdout.rpartition("\n")
        return int(status), body

    def test_every_command_does_what_it_says(self):
        self.assertGreater(len(self.commands), 10)
        for words in self.commands:
            with self.subTest(" ".join(words)):
                status, body = self.curl(words)
                self.assertIn(status, (200, 201, 204), body)
                if "-X" in words and words[words.index("-X") + 1] == "POST" and "_search" not in " ".join(words):
                    self.assertEqual(status, 201)
                    self.assertTrue(json.loads(body)["id"])
                elif body.startswith('{"resourceType":"Bundle"'):
                    bundle = json.loads(body)
                    self.assertGreaterEqual(bundle.get("total", len(bundle.get("entry", []))), 1, body)
                    self.assertTrue("_summary=count" in " ".join(words) or bundle["entry"], body)

    def test_dicom_that_is_stored_becomes_a_study(self):
        status, body = self.curl(next(words for words in self.commands if "-F" in words))
        self.assertEqual(status, 200, body)
        for _ in range(100):
            if self.server.search("ImagingStudy?identifier=README-1"):
                return
            time.sleep(0.1)
        self.fail("no ImagingStudy within ten seconds")

    def test_the_study_that_is_created_is_found(self):
        status, body = self.curl(next(words for words in self.commands if "POST" in words))
        self.assertEqual(status, 201)
        created = json.loads(body)
        patient = created["subject"]["reference"]
        searches = [f"ImagingStudy?_id={created['id']}", f"ImagingStudy?patient={patient}",
                    f"ImagingStudy?modality={created['modality'][0]['code']}",
                    f"ImagingStudy?status={created['status']}", f"ImagingStudy?started={created['started']}",
                    f"{patient}/ImagingStudy"]
        for search in searches:
            self.assertIn(created["id"], self.server.search(search), search)
        # The README's own searches that are about it.
        written = [words[-1].partition("/baseR4/")[2] for words in self.commands]
        for search in ("ImagingStudy?patient=Patient/patient-001&modality=CT&status=available&started=2024-06-15",
                       "Patient/patient-001/ImagingStudy", "ImagingStudy?modality=CT", "ImagingStudy?status=available",
                       "ImagingStudy?started=ge2024-01-01"):
            self.assertIn(search, written)
            self.assertIn(created["id"], self.server.search(search), search)

    def test_every_kind_of_search_is_among_them(self):
        text = " ".join(" ".join(words) for words in self.commands)
        for part in ("-X POST", "patient=", "subject=", "modality=CT", "status=available", "started=ge",
                     "identifier=", "encounter=", "referrer=", "basedon=", "_id=", "Patient/123/ImagingStudy"):
            self.assertIn(part, text)


if __name__ == "__main__":
    unittest.main()

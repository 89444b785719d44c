"""A data folder of an earlier program: what it holds is found, and goes on, after the new one has taken it over."""

import contextlib
import sqlite3
import tempfile
import unittest
from pathlib import Path

import dicom_data
from lightbox import Server, run

# From version 7 back to version 6 (src/store/dicom_answer.sql).
TO_VERSION_6 = """
ALTER TABLE dicom_study ADD COLUMN instances INTEGER NOT NULL DEFAULT 0;
UPDATE dicom_study SET instances = a.instances FROM dicom_study_answer a WHERE a.study = dicom_study.key;
CREATE TABLE old_key (place INTEGER NOT NULL, study INTEGER NOT NULL, keys TEXT NOT NULL, PRIMARY KEY (place, study))
  WITHOUT ROWID;
INSERT INTO old_key SELECT k.place, a.study, k.keys FROM dicom_study_key k JOIN dicom_study_answer a ON a.slot = k.slot;
CREATE TABLE old_word (kind INTEGER NOT NULL, word TEXT NOT NULL, place INTEGER NOT NULL, study INTEGER NOT NULL,
  PRIMARY KEY (kind, word, place, study)) WITHOUT ROWID;
INSERT INTO old_word SELECT w.kind, w.word, w.place, a.study FROM dicom_study_word w
  JOIN dicom_study_answer a ON a.slot = w.slot;
CREATE TABLE old_answer (study INTEGER PRIMARY KEY, place INTEGER NOT NULL, series INTEGER NOT NULL,
  sources INTEGER NOT NULL, modalities TEXT NOT NULL, classes TEXT NOT NULL, words TEXT NOT NULL, content TEXT NOT NULL);
INSERT INTO old_answer SELECT study, place, series, sources, modalities, classes, words, content FROM dicom_study_answer;
DROP TABLE dicom_study_key; DROP TABLE dicom_study_word; DROP TABLE dicom_study_answer;
ALTER TABLE old_key RENAME TO dicom_study_key;
ALTER TABLE old_word RENAME TO dicom_study_word;
ALTER TABLE old_answer RENAME TO dicom_study_answer;
ALTER TABLE dicom_study DROP COLUMN slot;
PRAGMA user_version = 6;
"""
QUESTIONS = ("studies", "studies?includefield=all&limit=3&offset=2", "studies?PatientID=P1", "studies?StudyDate=20240103",
             "studies?ModalitiesInStudy=MR", "series", "studies?PatientName=Doe*")


def files(folder, numbers):
    """Studies of one moment, of others, and without a date."""
    folder.mkdir()
    for number in numbers:
        for index in (1, 2):
            date = "" if number % 5 == 0 else f"202401{1 + number % 4:02}"
            (folder / f"{number}-{index}.dcm").write_bytes(dicom_data.instance(
                number, index, 1, patient=f"P{number % 3}", modality=("CT", "MR")[number % 2], StudyDate=date,
                StudyTime="120000", AccessionNumber=f"A{number}"))
    return folder


class MigrationTest(unittest.TestCase):
    def answers(self, data):
        with Server(data, "--dimse", "off") as server:
            port = f":{server.port}/"
            return {question: server.get(f"/dicomweb/{question}").body.replace(port.encode(), b":8080/")
                    for question in QUESTIONS}

    def test_version_6(self):
        with tempfile.TemporaryDirectory() as folder:
            folder, data = Path(folder), Path(folder) / "data"
            self.assertEqual(run("import", "--data", data, files(folder / "first", range(1, 31)))[0], 0)
            before = self.answers(data)
            with contextlib.closing(sqlite3.connect(data / "lightbox.db")) as database:
                database.executescript(TO_VERSION_6)
            self.assertEqual(self.answers(data), before)
            # It goes on: more studies, another instance of one, and one that goes.
            self.assertEqual(run("import", "--data", data, files(folder / "more", range(31, 41)))[0], 0)
            again = folder / "again.dcm"
            again.write_bytes(dicom_data.instance(5, 1, 2, patient="P2", StudyDate="20240104", AccessionNumber="A5"))
            self.assertEqual(run("import", "--data", data, again)[0], 0)
            with Server(data, "--dimse", "off") as server:
                self.assertEqual(len(server.get("/dicomweb/studies").json()), 40)
                found = server.get("/dicomweb/studies?AccessionNumber=A5").json()
                self.assertEqual([study["00201208"]["Value"] for study in found], [[3]])
                gone = f"/dicomweb/studies/{dicom_data.study_uid(8)}"
                self.assertEqual(server.request("DELETE", gone).status, 204)
                self.assertEqual(len(server.get("/dicomweb/studies").json()), 39)
                self.assertEqual(server.get("/dicomweb/studies?AccessionNumber=A8").status, 204)
            self.assertEqual(run("check", "--data", data)[0], 0)


if __name__ == "__main__":
    unittest.main()

-- Version 7: what queries answer of studies lies in the order of answers (docs/storage-format.md, "Queries"), so
-- that those of a page lie together.

-- Where a study's answer is; NULL when it has none.
ALTER TABLE dicom_study ADD COLUMN slot INTEGER;
UPDATE dicom_study SET slot = placed.slot FROM (
  SELECT study, min(place / 1000000, 274877906943) * 16777216 + row_number() OVER (
    PARTITION BY min(place / 1000000, 274877906943) ORDER BY place, study) AS slot
  FROM dicom_study_answer) AS placed
WHERE placed.study = dicom_study.key;

CREATE TABLE dicom_placed_answer (
  slot INTEGER PRIMARY KEY,
  study INTEGER NOT NULL,
  place INTEGER NOT NULL,
  series INTEGER NOT NULL,
  instances INTEGER NOT NULL,
  uid TEXT NOT NULL,
  modalities TEXT NOT NULL,
  classes TEXT NOT NULL,
  content TEXT NOT NULL,
  sources INTEGER NOT NULL,
  words TEXT NOT NULL
);
INSERT INTO dicom_placed_answer
  SELECT s.slot, a.study, a.place, a.series, s.instances, s.uid, a.modalities, a.classes, a.content, a.sources, a.words
  FROM dicom_study s JOIN dicom_study_answer a ON a.study = s.key ORDER BY s.slot;
DROP TABLE dicom_study_answer;
ALTER TABLE dicom_placed_answer RENAME TO dicom_study_answer;

CREATE TABLE dicom_placed_key (
  place INTEGER NOT NULL,
  slot INTEGER NOT NULL,
  keys TEXT NOT NULL,
  PRIMARY KEY (place, slot)
) WITHOUT ROWID;
INSERT INTO dicom_placed_key
  SELECT k.place, s.slot, k.keys FROM dicom_study_key k JOIN dicom_study s ON s.key = k.study ORDER BY k.place, s.slot;
DROP TABLE dicom_study_key;
ALTER TABLE dicom_placed_key RENAME TO dicom_study_key;

CREATE TABLE dicom_placed_word (
  kind INTEGER NOT NULL,
  word TEXT NOT NULL,
  place INTEGER NOT NULL,
  slot INTEGER NOT NULL,
  PRIMARY KEY (kind, word, place, slot)
) WITHOUT ROWID;
INSERT INTO dicom_placed_word
  SELECT w.kind, w.word, w.place, s.slot FROM dicom_study_word w JOIN dicom_study s ON s.key = w.study
  ORDER BY w.kind, w.word, w.place, s.slot;
DROP TABLE dicom_study_word;
ALTER TABLE dicom_placed_word RENAME TO dicom_study_word;

ALTER TABLE dicom_study DROP COLUMN instances;

-- What queries (QIDO-RS, C-FIND) read of the DICOM index: docs/storage-format.md, "Queries".

-- A study's place among answers, smaller for newer ones, and what a query compares of it.
CREATE TABLE dicom_study_key (
  place INTEGER NOT NULL,
  study INTEGER NOT NULL,
  keys TEXT NOT NULL,
  PRIMARY KEY (place, study)
) WITHOUT ROWID;

-- The studies that have a word (an identifier, a modality, a part of a name), in the order of answers.
CREATE TABLE dicom_study_word (
  kind INTEGER NOT NULL,
  word TEXT NOT NULL,
  place INTEGER NOT NULL,
  study INTEGER NOT NULL,
  PRIMARY KEY (kind, word, place, study)
) WITHOUT ROWID;

-- What a query answers of a study: DICOM JSON of its patient and itself. `sources` tells of which
-- series that was made, `words` lists its rows in dicom_study_word.
CREATE TABLE dicom_study_answer (
  study INTEGER PRIMARY KEY,
  place INTEGER NOT NULL,
  series INTEGER NOT NULL,
  sources INTEGER NOT NULL,
  modalities TEXT NOT NULL,
  classes TEXT NOT NULL,
  words TEXT NOT NULL,
  content TEXT NOT NULL
);

-- Of a series, as its first instance says it; `study_hash` is of what that says of the study.
CREATE TABLE dicom_series_answer (
  series INTEGER PRIMARY KEY,
  first INTEGER NOT NULL,
  rank INTEGER NOT NULL,
  number INTEGER NOT NULL,
  study_hash INTEGER NOT NULL,
  modality TEXT NOT NULL,
  words TEXT NOT NULL,
  content TEXT NOT NULL
);
CREATE INDEX dicom_series_by_uid ON dicom_series (uid);

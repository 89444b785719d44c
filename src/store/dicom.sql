-- Version 3: the DICOM index (docs/storage-format.md explains each table).

-- A study of which there is an instance. `revision` counts its changes; `first_change` and `last_change`
-- are those that no projection shows yet, in ms since 1970, 0 when there are none; `instances` counts.
CREATE TABLE dicom_study (
  key INTEGER PRIMARY KEY,
  uid TEXT NOT NULL UNIQUE,
  revision INTEGER NOT NULL,
  first_change INTEGER NOT NULL,
  last_change INTEGER NOT NULL,
  instances INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX dicom_study_by_change ON dicom_study (first_change) WHERE first_change > 0;

CREATE TABLE dicom_series (
  key INTEGER PRIMARY KEY,
  study INTEGER NOT NULL,
  uid TEXT NOT NULL,
  UNIQUE (study, uid)
);

-- What the mapping asks at the level of patient, study and series, once for all instances of a series
-- that say the same.
CREATE TABLE dicom_attributes (
  key INTEGER PRIMARY KEY,
  series INTEGER NOT NULL,
  hash INTEGER NOT NULL,
  content BLOB NOT NULL
);
CREATE INDEX dicom_attributes_by_hash ON dicom_attributes (series, hash);

CREATE TABLE dicom_instance (
  key INTEGER PRIMARY KEY,
  uid TEXT NOT NULL UNIQUE,
  series INTEGER NOT NULL,
  attributes INTEGER NOT NULL,
  sop_class TEXT NOT NULL,
  transfer_syntax TEXT NOT NULL,
  number INTEGER,
  title TEXT NOT NULL,
  source TEXT NOT NULL,
  received INTEGER NOT NULL,
  file TEXT NOT NULL,
  file_bytes INTEGER NOT NULL,
  data_set_offset INTEGER NOT NULL,
  hash BLOB NOT NULL
);
CREATE INDEX dicom_instance_by_series ON dicom_instance (series, number, uid);

-- DICOM JSON of all but bulk data; apart from the instance, so that its rows are read fast. Most of it is
-- what dicom_series_metadata has of the instance's series, whose content is the dictionary of its compression.
CREATE TABLE dicom_metadata (
  instance INTEGER PRIMARY KEY,
  content BLOB NOT NULL
);
CREATE TABLE dicom_series_metadata (
  series INTEGER PRIMARY KEY,
  content BLOB NOT NULL
);

-- Instances that a rejection note names, known or not. The note's own instance is `note`.
CREATE TABLE dicom_rejection (
  uid TEXT NOT NULL,
  note TEXT NOT NULL,
  code TEXT NOT NULL,
  PRIMARY KEY (uid, note)
) WITHOUT ROWID;
CREATE INDEX dicom_rejection_by_note ON dicom_rejection (note);

-- Which resource stands for a study, a patient or an endpoint. `projected` is what the last projection
-- wrote, `rank` that of what it was made of: a patient's facts come from the newest study.
CREATE TABLE identity (
  kind INTEGER NOT NULL,
  identity_key TEXT NOT NULL,
  type INTEGER NOT NULL,
  id TEXT NOT NULL,
  projected BLOB NOT NULL,
  rank TEXT NOT NULL,
  PRIMARY KEY (kind, identity_key)
);
CREATE INDEX identity_by_resource ON identity (type, id);

CREATE TABLE dicom_problem (
  key INTEGER PRIMARY KEY,
  kind INTEGER NOT NULL,
  at INTEGER NOT NULL,
  study TEXT NOT NULL,
  series TEXT NOT NULL,
  instance TEXT NOT NULL,
  source TEXT NOT NULL,
  file TEXT NOT NULL,
  code TEXT NOT NULL,
  diagnostics TEXT NOT NULL,
  UNIQUE (study, kind, instance, file, diagnostics)
);

-- How much there is, kept by the statements that change it, so that /metrics need not count. One row.
CREATE TABLE dicom_count (
  studies INTEGER NOT NULL,
  changed INTEGER NOT NULL,
  series INTEGER NOT NULL,
  instances INTEGER NOT NULL,
  file_bytes INTEGER NOT NULL,
  problems INTEGER NOT NULL
);
INSERT INTO dicom_count VALUES (0, 0, 0, 0, 0, 0);
CREATE TRIGGER dicom_study_added AFTER INSERT ON dicom_study BEGIN
  UPDATE dicom_count SET studies = studies + 1, changed = changed + (NEW.first_change > 0);
END;
CREATE TRIGGER dicom_study_removed AFTER DELETE ON dicom_study BEGIN
  UPDATE dicom_count SET studies = studies - 1, changed = changed - (OLD.first_change > 0);
END;
CREATE TRIGGER dicom_study_changed AFTER UPDATE OF first_change ON dicom_study
WHEN (NEW.first_change > 0) <> (OLD.first_change > 0) BEGIN
  UPDATE dicom_count SET changed = changed + (NEW.first_change > 0) - (OLD.first_change > 0);
END;
CREATE TRIGGER dicom_series_added AFTER INSERT ON dicom_series BEGIN
  UPDATE dicom_count SET series = series + 1;
END;
CREATE TRIGGER dicom_series_removed AFTER DELETE ON dicom_series BEGIN
  UPDATE dicom_count SET series = series - 1;
END;
CREATE TRIGGER dicom_instance_added AFTER INSERT ON dicom_instance BEGIN
  UPDATE dicom_count SET instances = instances + 1, file_bytes = file_bytes + NEW.file_bytes;
END;
CREATE TRIGGER dicom_instance_removed AFTER DELETE ON dicom_instance BEGIN
  UPDATE dicom_count SET instances = instances - 1, file_bytes = file_bytes - OLD.file_bytes;
END;
CREATE TRIGGER dicom_problem_added AFTER INSERT ON dicom_problem BEGIN
  UPDATE dicom_count SET problems = problems + 1;
END;
CREATE TRIGGER dicom_problem_removed AFTER DELETE ON dicom_problem BEGIN
  UPDATE dicom_count SET problems = problems - 1;
END;

-- Where the pixel data of an instance lies in its file: `frames` frames of `frame_bits` bits each, or
-- encapsulated ones (0), whose fragments dicom_frames has, many frames a page.
CREATE TABLE dicom_pixel_data (
  instance INTEGER PRIMARY KEY,
  tag INTEGER NOT NULL,
  offset INTEGER NOT NULL,
  length INTEGER NOT NULL,
  frames INTEGER NOT NULL,
  frame_bits INTEGER NOT NULL,
  swapped_bytes INTEGER NOT NULL
);
CREATE TABLE dicom_frames (
  instance INTEGER NOT NULL,
  page INTEGER NOT NULL,
  content BLOB NOT NULL,
  PRIMARY KEY (instance, page)
) WITHOUT ROWID;

-- Where other bulk data lies: `path` is as in the metadata's BulkDataURI.
CREATE TABLE dicom_bulk_data (
  instance INTEGER NOT NULL,
  path TEXT NOT NULL,
  offset INTEGER NOT NULL,
  length INTEGER NOT NULL,
  swapped_bytes INTEGER NOT NULL,
  PRIMARY KEY (instance, path)
) WITHOUT ROWID;

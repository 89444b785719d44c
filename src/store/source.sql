-- Version 6: studies that other archives hold (docs/pacs.md). An instance of which only they have the bytes
-- has no `file`.

-- That a source has a study, and what it told of it: `day` is the Study Date, '' without one; `instances` is
-- its count of them, NULL where it does not say.
CREATE TABLE source_study (
  study TEXT NOT NULL,
  source TEXT NOT NULL,
  day TEXT NOT NULL,
  instances INTEGER,
  attributes TEXT NOT NULL,
  PRIMARY KEY (study, source)
) WITHOUT ROWID;
CREATE INDEX source_study_by_day ON source_study (source, day);

-- How many studies a source has, and what asking it has come to: times in ms since 1970, 0 for never.
-- `walked` is when all of it had been looked at, `polled` its newest days; `changes` is how far its list of changes
-- has been followed.
CREATE TABLE source_state (
  source TEXT PRIMARY KEY,
  studies INTEGER NOT NULL DEFAULT 0,
  walked INTEGER NOT NULL DEFAULT 0,
  polled INTEGER NOT NULL DEFAULT 0,
  failed INTEGER NOT NULL DEFAULT 0,
  failure TEXT NOT NULL DEFAULT '',
  changes INTEGER
) WITHOUT ROWID;
CREATE TRIGGER source_study_added AFTER INSERT ON source_study BEGIN
  INSERT INTO source_state (source, studies) VALUES (NEW.source, 1)
  ON CONFLICT (source) DO UPDATE SET studies = studies + 1;
END;
CREATE TRIGGER source_study_removed AFTER DELETE ON source_study BEGIN
  UPDATE source_state SET studies = studies - 1 WHERE source = OLD.source;
END;

-- When the file of a source's instance was fetched, to be shown, in ms since 1970; 0: it is this archive's
-- own, and stays.
ALTER TABLE dicom_instance ADD COLUMN fetched INTEGER NOT NULL DEFAULT 0;
CREATE INDEX dicom_instance_by_fetched ON dicom_instance (fetched) WHERE fetched > 0;

-- Of the instances those without a file, and the bytes of those that were fetched.
ALTER TABLE dicom_count ADD COLUMN remote INTEGER NOT NULL DEFAULT 0;
ALTER TABLE dicom_count ADD COLUMN fetched_bytes INTEGER NOT NULL DEFAULT 0;
CREATE TRIGGER dicom_remote_added AFTER INSERT ON dicom_instance WHEN NEW.file = '' OR NEW.fetched > 0 BEGIN
  UPDATE dicom_count SET remote = remote + (NEW.file = ''),
    fetched_bytes = fetched_bytes + iif(NEW.fetched > 0, NEW.file_bytes, 0);
END;
CREATE TRIGGER dicom_remote_removed AFTER DELETE ON dicom_instance WHEN OLD.file = '' OR OLD.fetched > 0 BEGIN
  UPDATE dicom_count SET remote = remote - (OLD.file = ''),
    fetched_bytes = fetched_bytes - iif(OLD.fetched > 0, OLD.file_bytes, 0);
END;
CREATE TRIGGER dicom_remote_changed AFTER UPDATE OF file_bytes, fetched ON dicom_instance BEGIN
  UPDATE dicom_count SET remote = remote + (NEW.file = '') - (OLD.file = ''),
    file_bytes = file_bytes + NEW.file_bytes - OLD.file_bytes,
    fetched_bytes = fetched_bytes + iif(NEW.fetched > 0, NEW.file_bytes, 0)
      - iif(OLD.fetched > 0, OLD.file_bytes, 0);
END;

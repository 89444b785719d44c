-- Version 5: how far pulls of other archives have come (docs/pacs.md).

CREATE TABLE pull_progress (
  source TEXT NOT NULL,
  selection TEXT NOT NULL,
  newest_day TEXT NOT NULL,
  open_day TEXT NOT NULL,
  PRIMARY KEY (source, selection)
) WITHOUT ROWID;

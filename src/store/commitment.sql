-- Version 4: storage commitment that was asked for and whose report has not been taken yet (PS3.4 J).

CREATE TABLE commitment_request (
  key INTEGER PRIMARY KEY,
  ae_title TEXT NOT NULL,
  asked INTEGER NOT NULL,
  content BLOB NOT NULL
);

-- Version 1 of the database (docs/storage-format.md explains each table). PRAGMA user_version counts
-- the migrations that have run; this file is the first and never changes once released.

-- The current version of every resource that there ever was; a deleted one keeps its row, so that its
-- id, version and key go on. `type` and `param` are numbers of the definitions table. `ord` is the
-- result order (smaller first), `present` has bit n when parameter slot n has a value.
CREATE TABLE resource (
  key INTEGER PRIMARY KEY,
  type INTEGER NOT NULL,
  id TEXT NOT NULL,
  version INTEGER NOT NULL,
  updated INTEGER NOT NULL,
  method INTEGER NOT NULL,
  ord INTEGER NOT NULL,
  present INTEGER NOT NULL,
  options INTEGER NOT NULL,
  body BLOB NOT NULL
);
CREATE UNIQUE INDEX resource_by_id ON resource (type, id);
CREATE INDEX resource_by_order ON resource (type, ord, key, present) WHERE method < 2;
-- Also of the deleted: the history of a type reads it.
CREATE INDEX resource_by_updated ON resource (type, updated, key, method, ord);

-- Versions that are no longer current: from `updated` until `until` they were.
CREATE TABLE history (
  resource INTEGER NOT NULL,
  version INTEGER NOT NULL,
  type INTEGER NOT NULL,
  updated INTEGER NOT NULL,
  until INTEGER NOT NULL,
  method INTEGER NOT NULL,
  body BLOB NOT NULL,
  PRIMARY KEY (resource, version)
);
CREATE INDEX history_by_updated ON history (type, updated, resource, version, until);

-- How many transactions there were: a reader's snapshot tells by it which commits it holds.
CREATE TABLE commit_count (id INTEGER PRIMARY KEY CHECK (id = 1), number INTEGER NOT NULL);
INSERT INTO commit_count VALUES (1, 0);

-- How many live resources there are of each type.
CREATE TABLE type_count (type INTEGER PRIMARY KEY, live INTEGER NOT NULL);

-- Systems of codes and identifiers, so that index rows carry a number.
CREATE TABLE code_system (id INTEGER PRIMARY KEY, uri TEXT NOT NULL UNIQUE);

-- The options that resources were indexed with (own base URLs, time zone): their index rows can be
-- derived again from their bodies only with the same.
CREATE TABLE index_options (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);

-- Index rows. `edge`: bit 0 marks a resource's least value for the parameter, bit 1 its greatest.
-- `system` of a token is of code_system, 0 for a code that has none, -1 where none is possible (a
-- code by itself, a reference).
CREATE TABLE token_index (
  param INTEGER NOT NULL,
  value TEXT NOT NULL,
  ord INTEGER NOT NULL,
  resource INTEGER NOT NULL,
  system INTEGER NOT NULL,
  edge INTEGER NOT NULL,
  PRIMARY KEY (param, value, ord, resource, system)
) WITHOUT ROWID;

CREATE TABLE string_index (
  param INTEGER NOT NULL,
  normalised TEXT NOT NULL,
  ord INTEGER NOT NULL,
  resource INTEGER NOT NULL,
  exact TEXT NOT NULL,
  edge INTEGER NOT NULL,
  PRIMARY KEY (param, normalised, ord, resource, exact)
) WITHOUT ROWID;

CREATE TABLE date_index (
  param INTEGER NOT NULL,
  wide INTEGER NOT NULL,
  low INTEGER NOT NULL,
  ord INTEGER NOT NULL,
  resource INTEGER NOT NULL,
  high INTEGER NOT NULL,
  edge INTEGER NOT NULL,
  PRIMARY KEY (param, wide, low, ord, resource, high)
) WITHOUT ROWID;

CREATE TABLE number_index (
  param INTEGER NOT NULL,
  wide INTEGER NOT NULL,
  low REAL NOT NULL,
  ord INTEGER NOT NULL,
  resource INTEGER NOT NULL,
  high REAL NOT NULL,
  system INTEGER NOT NULL,
  code TEXT NOT NULL,
  unit TEXT NOT NULL,
  edge INTEGER NOT NULL,
  PRIMARY KEY (param, wide, low, ord, resource, high, system, code, unit)
) WITHOUT ROWID;

CREATE TABLE composite_index (
  param INTEGER NOT NULL,
  first TEXT NOT NULL,
  ord INTEGER NOT NULL,
  resource INTEGER NOT NULL,
  first_system INTEGER NOT NULL,
  second_system INTEGER NOT NULL,
  second TEXT NOT NULL,
  low REAL NOT NULL,
  high REAL NOT NULL,
  low2 REAL NOT NULL,
  high2 REAL NOT NULL,
  PRIMARY KEY (param, first, ord, resource, first_system, second_system, second, low, high, low2,
               high2)
) WITHOUT ROWID;

CREATE TABLE uid_index (
  uid BLOB NOT NULL,
  param INTEGER NOT NULL,
  resource INTEGER NOT NULL,
  PRIMARY KEY (uid, param, resource)
) WITHOUT ROWID;

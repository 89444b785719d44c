-- Version 2: the words of resources, for _text (narrative) and _content (both columns). The row id is
-- resource.key. No text is kept: what is to be taken out is derived again from the stored body.
CREATE VIRTUAL TABLE full_text USING fts5(
  narrative,
  content,
  content='',
  columnsize=0,
  tokenize='unicode61 remove_diacritics 2'
);

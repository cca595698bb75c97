-- Attempts to get in, of a name and of an address, counted for all processes together. Of both only a digest is kept: people type passwords
-- where names belong.
CREATE TABLE attempt (
  key   text   PRIMARY KEY,
  count int    NOT NULL,
  -- When the first of them was; with the window after it all are forgotten.
  since bigint NOT NULL
);
CREATE INDEX attempt_since ON attempt (since);

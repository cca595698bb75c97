-- Runs that were brought in from elsewhere, under the ids they had there. Only those of them that are not whole yet may be
-- written to by an import.
CREATE TABLE run_import (
  run_id  int    PRIMARY KEY REFERENCES run ON DELETE CASCADE,
  -- When all of it was here and had been checked, ms since 1970; null until then.
  done_at bigint
);

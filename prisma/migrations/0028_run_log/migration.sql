-- What runs print. Lines are numbered from 0 in the order they came, and never change.
CREATE TABLE run_log_head (
  run_id int    PRIMARY KEY REFERENCES run ON DELETE CASCADE,
  -- How many lines there are, and their bytes.
  lines  int    NOT NULL,
  bytes  bigint NOT NULL
);

-- Lines that came together.
CREATE TABLE run_log (
  run_id     int    NOT NULL REFERENCES run ON DELETE CASCADE,
  first_line int    NOT NULL,
  lines      int    NOT NULL,
  -- When they were printed, ms since 1970.
  at         bigint NOT NULL,
  -- 0 not said, 1 standard output, 2 standard error.
  source     int2   NOT NULL,
  -- What the sender calls the request that brought them, on the first of its rows: sent again, nothing is written twice.
  batch      text   COLLATE "C",
  text       text   NOT NULL,
  PRIMARY KEY (run_id, first_line)
);
CREATE UNIQUE INDEX run_log_batch ON run_log (run_id, batch) WHERE batch IS NOT NULL;

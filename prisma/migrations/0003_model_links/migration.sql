-- What links logged models to runs and data sets, and what a deleted one is marked with.
ALTER TABLE logged_model ADD COLUMN IF NOT EXISTS deleted_at bigint, ADD COLUMN IF NOT EXISTS deleted_by text;
CREATE INDEX logged_model_source ON logged_model (source_run) WHERE source_run <> '';

-- Models that a run used or made, as the client named them: nothing is asked of a name, so the link outlives the model.
CREATE TABLE run_model (
  id        int     GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  run_id    int     NOT NULL REFERENCES run ON DELETE CASCADE,
  is_output boolean NOT NULL,
  model     text    COLLATE "C" NOT NULL,
  -- 0 for an input.
  step      bigint  NOT NULL,
  UNIQUE (run_id, is_output, model, step)
);
CREATE INDEX run_model_model ON run_model (model);
-- run_output stays for a version that still writes to it; a later migration drops it.
INSERT INTO run_model (run_id, is_output, model, step)
SELECT o.run_id, true, m.uuid, o.step FROM run_output o JOIN logged_model m ON m.id = o.model_id ORDER BY o.run_id, o.model_id, o.step;

-- Metrics of a model: a series for each run, metric and data set it was measured on, '' where none was said.
CREATE TABLE logged_model_series (
  id             int  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  model_id       int  NOT NULL REFERENCES logged_model ON DELETE CASCADE,
  run_id         int  NOT NULL REFERENCES run ON DELETE CASCADE,
  key            text COLLATE "C" NOT NULL,
  dataset_name   text COLLATE "C" NOT NULL,
  dataset_digest text COLLATE "C" NOT NULL
);
-- Hashed, because all three texts may be too long for an entry together.
CREATE UNIQUE INDEX logged_model_series_name ON logged_model_series (model_id, key, run_id, md5(dataset_name || E'\x1f' || dataset_digest));
CREATE INDEX logged_model_series_run ON logged_model_series (run_id);

CREATE TABLE logged_model_point (
  series_id int    NOT NULL REFERENCES logged_model_series ON DELETE CASCADE,
  ts        bigint NOT NULL,
  step      bigint NOT NULL,
  value     float8 NOT NULL,
  PRIMARY KEY (series_id, ts, step, value)
);

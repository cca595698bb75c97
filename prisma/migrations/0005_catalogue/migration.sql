-- What is logged under each key, for completions: kept by a job (packages/server/src/search/catalogue.ts), never added up
-- when somebody asks.
ALTER TABLE key
  -- Runs that have it.
  ADD uses int    NOT NULL DEFAULT 0,
  -- Least and greatest number.
  ADD low  float8,
  ADD high float8;

-- The most frequent texts, as pairs of text and number of runs. Apart, because all keys are looked through at once.
CREATE TABLE key_top (
  key_id int   PRIMARY KEY REFERENCES key ON DELETE CASCADE,
  top    jsonb NOT NULL
);

CREATE TABLE catalogue (
  experiment_id int    PRIMARY KEY REFERENCES experiment ON DELETE CASCADE,
  -- The newest change of a run that it knows of.
  seen          bigint NOT NULL,
  made_at       bigint NOT NULL,
  -- Milliseconds that making it took: one that takes long is made less often.
  took          int    NOT NULL,
  -- Most frequent values, as `top` above, by attribute.
  attributes    jsonb  NOT NULL
);

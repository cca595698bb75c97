-- Experiments that an import has made, so that one that was deleted where it comes from is deleted here too, once: also by an
-- import that goes on after another was stopped.
CREATE TABLE experiment_import (
  experiment_id int    PRIMARY KEY REFERENCES experiment ON DELETE CASCADE,
  -- When it was brought to its end, ms since 1970; null until then.
  done_at       bigint
);

-- The trash: what was deleted stays until its time is over, or until it is purged; then its rows and files go in small steps.

-- Days that deleted things stay: 0 not at all, null for ever. What was deleted up to `trash_emptied_at` (ms) goes now.
-- Nothing's time is over before that many days after `trash_since` (ms): what was deleted before there was a trash, or
-- comes deleted from elsewhere, has its time from then on.
ALTER TABLE workspace ADD COLUMN trash_days int DEFAULT 30 CHECK (trash_days >= 0), ADD COLUMN trash_emptied_at bigint,
  ADD COLUMN trash_since bigint NOT NULL DEFAULT 0;
UPDATE workspace SET trash_since = (extract(epoch FROM now()) * 1000)::bigint;

-- `purged_at`: past return. Its name is free by then, and it is found by nobody.
ALTER TABLE experiment ADD COLUMN deleted_by text, ADD COLUMN purged_at bigint;
ALTER TABLE run ADD COLUMN deleted_by text;
ALTER TABLE logged_model ADD COLUMN IF NOT EXISTS deleted_at bigint, ADD COLUMN IF NOT EXISTS deleted_by text;
CREATE INDEX run_trash ON run (workspace_id, deleted_at DESC, id DESC) INCLUDE (experiment_id) WHERE deleted_at IS NOT NULL;
CREATE INDEX logged_model_trash ON logged_model (experiment_id, deleted_at) WHERE deleted_at IS NOT NULL;

-- What a run (kind 0) or a logged model (1) in the trash takes. Holds while `deleted_at` is still the thing's own.
CREATE TABLE trash_size (
  kind       smallint NOT NULL,
  id         int      NOT NULL,
  deleted_at bigint   NOT NULL,
  row_bytes  bigint   NOT NULL,
  file_bytes bigint   NOT NULL,
  files      int      NOT NULL,
  PRIMARY KEY (kind, id)
);

-- What is past return and not yet collected: runs (kind 0), logged models (1), experiments (2). The row of a run or model is
-- gone when it is here.
CREATE TABLE purge (
  kind          smallint NOT NULL,
  id            int      NOT NULL,
  workspace_id  int      NOT NULL,
  experiment_id int      NOT NULL,
  -- The run's or model's; '' for an experiment.
  uuid          text     COLLATE "C" NOT NULL,
  artifact_uri  text     NOT NULL,
  -- Rows elsewhere are still to be deleted.
  has_rows      boolean  NOT NULL,
  -- When its files are to be looked for next (ms), and how often they were.
  look_at       bigint   NOT NULL,
  looks         smallint NOT NULL DEFAULT 0,
  PRIMARY KEY (kind, id)
);
CREATE INDEX purge_rows ON purge (kind, experiment_id, id) WHERE has_rows;
CREATE INDEX purge_files ON purge (look_at) WHERE NOT has_rows;
CREATE INDEX purge_uuid ON purge (uuid);

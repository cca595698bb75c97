-- What happened to registered models and their versions: rows are added, in one chain for each workspace, and never changed or taken away.
CREATE TABLE activity (
  id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  workspace_id int    NOT NULL,
  -- Its place in the chain, from 1.
  seq          bigint NOT NULL,
  at           bigint NOT NULL,
  kind         text   COLLATE "C" NOT NULL,
  -- Kept when the model is gone, and so are names: there is no foreign key.
  model_id     int    NOT NULL,
  model        text   NOT NULL,
  -- Null: of the model itself.
  version      int,
  account_id   int,
  actor        text   NOT NULL,
  from_value   text,
  to_value     text,
  comment      text   NOT NULL,
  -- The transition request that it belongs to.
  request_id   int,
  -- JSON, as it was written: its hash is of the text.
  data         text   NOT NULL,
  -- SHA-256, in hexadecimal, of the one before it and of this row.
  hash         text   NOT NULL,
  UNIQUE (workspace_id, seq)
);
CREATE INDEX activity_model ON activity (model_id, id DESC);
CREATE INDEX activity_request ON activity (request_id) WHERE request_id IS NOT NULL;

-- Where each chain ends. Who adds to it holds the row.
CREATE TABLE activity_chain (
  workspace_id int    PRIMARY KEY,
  seq          bigint NOT NULL,
  hash         text   NOT NULL
);

CREATE FUNCTION activity_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the activity of models is append-only';
END $$;
CREATE TRIGGER activity_kept BEFORE UPDATE OR DELETE ON activity FOR EACH ROW EXECUTE FUNCTION activity_is_kept();
CREATE TRIGGER activity_not_emptied BEFORE TRUNCATE ON activity FOR EACH STATEMENT EXECUTE FUNCTION activity_is_kept();

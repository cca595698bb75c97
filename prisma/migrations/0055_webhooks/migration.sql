-- Calls that tell others what happened to registered models: in MLflow's words or in Databricks'.
CREATE TABLE webhook (
  id            int    GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  -- What clients know it by.
  uuid          text   COLLATE "C" NOT NULL UNIQUE,
  workspace_id  int    NOT NULL REFERENCES workspace ON DELETE CASCADE,
  -- MLFLOW or DATABRICKS: whose events, bodies and signatures.
  dialect       text   NOT NULL,
  -- Null: of all models of the workspace.
  model_id      int    REFERENCES registered_model ON DELETE CASCADE,
  name          text   NOT NULL,
  description   text   NOT NULL DEFAULT '',
  events        text[] NOT NULL,
  url           text   NOT NULL,
  -- Of Databricks' jobs: which. Then url is the workspace that runs it.
  job_id        text,
  -- Sealed; null where there is none.
  secret        text,
  -- Sealed: the header Authorization, or the job's token.
  credential    text,
  -- ACTIVE, DISABLED, TEST_MODE.
  status        text   NOT NULL DEFAULT 'ACTIVE',
  -- Why it is off, where nobody turned it off.
  notice        text,
  -- Since when nothing has arrived.
  failing_since bigint,
  created_by    text   NOT NULL,
  created_at    bigint NOT NULL,
  updated_at    bigint NOT NULL
);
CREATE INDEX webhook_workspace ON webhook (workspace_id);
CREATE INDEX webhook_model ON webhook (model_id);

-- What is to be said, or was: a row is added in the transaction that it tells of.
CREATE TABLE webhook_delivery (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  uuid        text   COLLATE "C" NOT NULL UNIQUE,
  webhook_id  int    NOT NULL REFERENCES webhook ON DELETE CASCADE,
  -- Deliveries of one model keep their order. There is no foreign key: that it was deleted is told too.
  model_id    int    NOT NULL,
  event       text   NOT NULL,
  body        text   NOT NULL,
  -- PENDING, DELIVERED, FAILED.
  state       text   NOT NULL DEFAULT 'PENDING',
  attempts    int    NOT NULL DEFAULT 0,
  created_at  bigint NOT NULL,
  -- Not before this.
  next_at     bigint NOT NULL,
  -- Of the last attempt: what was answered, or why nothing was.
  attempted_at bigint,
  status      int,
  answer      text,
  error       text,
  ms          int
);
CREATE INDEX webhook_delivery_webhook ON webhook_delivery (webhook_id, id DESC);
CREATE INDEX webhook_delivery_pending ON webhook_delivery (webhook_id, model_id, id) WHERE state = 'PENDING';
CREATE INDEX webhook_delivery_created ON webhook_delivery (created_at);

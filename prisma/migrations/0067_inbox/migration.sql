-- What people are told of: who follows which model, what they were told, and how they want letters of it.
CREATE TABLE model_follow (
  account_id int  NOT NULL REFERENCES account ON DELETE CASCADE,
  model_id   int  NOT NULL REFERENCES registered_model ON DELETE CASCADE,
  -- FOLLOWING or MUTED.
  state      text COLLATE "C" NOT NULL,
  PRIMARY KEY (account_id, model_id)
);
CREATE INDEX model_follow_model ON model_follow (model_id);

CREATE TABLE notice (
  id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account_id   int    NOT NULL REFERENCES account ON DELETE CASCADE,
  -- Null: it is about the account, wherever they look.
  workspace_id int    REFERENCES workspace ON DELETE CASCADE,
  -- Who may not read it is not told. Null: it is about none.
  model_id     int    REFERENCES registered_model ON DELETE CASCADE,
  version      int,
  -- What it follows from: of it an account is told once.
  cause        text   COLLATE "C" NOT NULL,
  kind         text   COLLATE "C" NOT NULL,
  actor        text   NOT NULL,
  -- A sentence.
  text         text   NOT NULL,
  -- The page, below the origin.
  path         text   NOT NULL,
  created_at   bigint NOT NULL,
  read_at      bigint,
  -- When it went into a letter, or it was settled that it goes into none.
  mailed_at    bigint,
  UNIQUE (account_id, cause)
);
CREATE INDEX notice_account ON notice (account_id, id DESC);
CREATE INDEX notice_unread ON notice (account_id) WHERE read_at IS NULL;
CREATE INDEX notice_unmailed ON notice (account_id, id) WHERE mailed_at IS NULL;
CREATE INDEX notice_created ON notice (created_at);

CREATE TABLE inbox_setting (
  account_id int  PRIMARY KEY REFERENCES account ON DELETE CASCADE,
  -- AT_ONCE, HOURLY, DAILY, OFF.
  letters    text COLLATE "C" NOT NULL DEFAULT 'AT_ONCE',
  -- Signs the link that ends letters.
  stop_key   text NOT NULL
);

-- Who made a service account: they are told what becomes of it.
ALTER TABLE account ADD COLUMN made_by int REFERENCES account ON DELETE SET NULL;

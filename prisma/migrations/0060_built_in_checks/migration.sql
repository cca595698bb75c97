-- What the server's own checks found of a version on its way into a stage or to an alias.
CREATE SEQUENCE built_in_check_turn;
CREATE TABLE built_in_check (
  version_id int    NOT NULL REFERENCES model_version ON DELETE CASCADE,
  -- The stage, or the alias behind @: two gates may ask for different things.
  place      text   NOT NULL,
  name       text   COLLATE "C" NOT NULL,
  -- JSON of what the gate asked for then. What was found by other params counts no more.
  params     text   NOT NULL,
  -- Another each time that it is to run: what was found in an earlier turn is dropped.
  turn       bigint NOT NULL DEFAULT nextval('built_in_check_turn'),
  state      text   COLLATE "C" NOT NULL DEFAULT 'QUEUED',
  summary    text   NOT NULL DEFAULT '',
  numbers    jsonb  NOT NULL DEFAULT '{}',
  -- Who had it run, and so what it may read; 0 without accounts.
  account_id int    NOT NULL,
  at         bigint NOT NULL,
  PRIMARY KEY (version_id, place, name)
);

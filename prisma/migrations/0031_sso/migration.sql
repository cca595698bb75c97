-- The provider that people sign in at, where there is one: one row at most.
CREATE TABLE sso (
  id            int     PRIMARY KEY DEFAULT 1 CHECK (id = 1),
  -- Shown on the button.
  name          text    NOT NULL,
  issuer        text    NOT NULL,
  client_id     text    NOT NULL,
  -- Sealed (packages/server/src/secrets.ts).
  client_secret text    NOT NULL,
  groups_claim  text    NOT NULL,
  -- What groups stand for: see packages/server/src/sso/settings.ts.
  rules         jsonb   NOT NULL,
  enabled       boolean NOT NULL,
  updated_at    bigint  NOT NULL
);

-- Whose account a person at a provider has here.
CREATE TABLE sso_identity (
  issuer     text   COLLATE "C" NOT NULL,
  subject    text   COLLATE "C" NOT NULL,
  account_id int    NOT NULL REFERENCES account ON DELETE CASCADE,
  seen_at    bigint NOT NULL,
  PRIMARY KEY (issuer, subject)
);
CREATE INDEX sso_identity_account ON sso_identity (account_id);

-- Given by groups at a sign-in, and taken by one; what is given by hand stays.
ALTER TABLE member ADD by_sso boolean NOT NULL DEFAULT false;

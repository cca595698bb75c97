-- Secrets are sealed before they are stored (packages/server/src/secrets.ts). Which key seals them is said here once, for all
-- servers on this database: its id, not the key. No row: nothing was sealed yet.
CREATE TABLE secret_key (
  one   boolean PRIMARY KEY DEFAULT true CHECK (one),
  id    text    NOT NULL,
  since bigint  NOT NULL
);

-- Mail that is to go out, and what became of it; kept for a month.
CREATE TABLE mail (
  id         int    GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind       text   NOT NULL,
  -- In lower case.
  recipient  text   NOT NULL,
  -- Whose matter it is: gone with the account.
  account_id int    REFERENCES account ON DELETE CASCADE,
  subject    text   NOT NULL,
  -- Sealed (packages/server/src/secrets.ts): it may hold a link that is as good as a password. Null once it went or was given up.
  content    text,
  created_at bigint NOT NULL,
  attempts   int    NOT NULL DEFAULT 0,
  sent_at    bigint,
  failed_at  bigint,
  -- Why the last attempt failed, or why there was none.
  error      text
);
CREATE INDEX mail_recipient ON mail (recipient, kind, created_at);
CREATE INDEX mail_created ON mail (created_at);
CREATE INDEX mail_account ON mail (account_id);

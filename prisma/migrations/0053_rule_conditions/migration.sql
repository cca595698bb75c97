-- A rule on registered models may ask for more than tags.
ALTER TABLE role_rule
  ADD COLUMN stage  text,
  ADD COLUMN alias  text,
  ADD COLUMN is_own boolean NOT NULL DEFAULT false;

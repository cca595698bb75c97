-- What a check measured, by name.
ALTER TABLE version_check ADD COLUMN numbers jsonb NOT NULL DEFAULT '{}';

-- What completions ask of all keys of an experiment is in the index of their names, so that they read it alone.
CREATE UNIQUE INDEX key_use ON key (experiment_id, kind, name) INCLUDE (id, uses, low, high);
DROP INDEX key_name;
ALTER INDEX key_use RENAME TO key_name;

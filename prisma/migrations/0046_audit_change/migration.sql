-- What was so before a change and what is since, as JSON of what differs. Null where that is not read, and of entries from before.
ALTER TABLE audit ADD COLUMN before text, ADD COLUMN after text;

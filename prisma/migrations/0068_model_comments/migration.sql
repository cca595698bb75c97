-- Comments on a model as a whole: of no version.
ALTER TABLE version_comment ALTER COLUMN version_id DROP NOT NULL;
ALTER TABLE version_comment ADD COLUMN model_id int REFERENCES registered_model ON DELETE CASCADE;
ALTER TABLE version_comment ADD CONSTRAINT version_comment_of_one CHECK ((version_id IS NULL) <> (model_id IS NULL));
CREATE INDEX version_comment_model ON version_comment (model_id, id) WHERE model_id IS NOT NULL;

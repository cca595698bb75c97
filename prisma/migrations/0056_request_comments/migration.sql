-- Comments on a transition request: of its version, and of what was asked for it.
ALTER TABLE version_comment ADD COLUMN request_id int REFERENCES transition_request ON DELETE CASCADE;
CREATE INDEX version_comment_request ON version_comment (request_id, id) WHERE request_id IS NOT NULL;

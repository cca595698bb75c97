-- Where each version stood at a time: read for a whole workspace without the rest of what happened.
CREATE INDEX activity_stage ON activity (workspace_id, model_id, version, seq DESC) INCLUDE (at, to_value, actor)
  WHERE kind IN ('VERSION_CREATED', 'VERSION_DELETED', 'STAGE_CHANGED', 'STAGE_CHANGED_ALONG');

-- As 0064, with the request that a version came into its stage by.
DROP INDEX activity_stage;
CREATE INDEX activity_stage ON activity (workspace_id, model_id, version, seq DESC) INCLUDE (at, to_value, actor, request_id)
  WHERE kind IN ('VERSION_CREATED', 'VERSION_DELETED', 'STAGE_CHANGED', 'STAGE_CHANGED_ALONG');

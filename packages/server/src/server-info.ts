/** What the server tells a client before it knows who asks: that it is well, which version of the wire it speaks, what it can do. */

/**
 * Of MLflow, because its clients compare it. They ask one thing of it: from 3.4 on a server takes the spans of traces, which
 * this one does not, so they don't send any. Everything else of 3.17 is here. Tidegate's own version is in GraphQL: `server`.
 */
export const wireVersion = '3.3.2'

/** MLflow's server-info. A client that may not know better takes these for absent features and goes another way. */
export const serverInfo = {
  store_type: 'SqlStore',
  /** The header X-MLFLOW-WORKSPACE is heeded. */
  workspaces_enabled: true,
  trace_archival_enabled: false,
  /** Files go through the server, in one piece. */
  multipart_uploads_enabled: false,
  multipart_downloads_enabled: false,
  presigned_upload_run_id_supported: false,
  presigned_upload_model_id_supported: false,
  features_enabled: { gateway: false },
}

/** Paths and their answers: text, or JSON. */
export const openPaths: ReadonlyMap<string, string | object> = new Map<string, string | object>([
  ['/health', 'OK'],
  ['/version', wireVersion],
  ['/api/3.0/mlflow/server-info', serverInfo],
  ['/ajax-api/3.0/mlflow/server-info', serverInfo],
])

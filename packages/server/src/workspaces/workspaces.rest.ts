/** Workspaces on MLflow's wire: what `mlflow.set_workspace` and its friends call. */
import type { Workspace } from '@tidegate/db'
import { compact, get, patch, post, type Route, remove } from '../rest.ts'
import { archiveWorkspace, createWorkspace, getWorkspace, listWorkspaces, updateWorkspace } from './workspaces.ts'

const toWire = ({ name, description }: Workspace) => compact({ name, description: description || undefined })

const at = ['/api/3.0/mlflow/workspaces', '/ajax-api/3.0/mlflow/workspaces']

export default at.flatMap((path): Route[] => [
  get(path, listWorkspaces, { out: (all) => ({ workspaces: all.map(toWire) }) }),
  post(path, createWorkspace, { out: (workspace) => ({ workspace: toWire(workspace) }) }),
  get(`${path}/{workspace_name}`, getWorkspace, {
    in: ({ workspace_name }) => ({ name: workspace_name }),
    out: (workspace) => ({ workspace: toWire(workspace) }),
  }),
  patch(`${path}/{workspace_name}`, updateWorkspace, {
    in: ({ workspace_name, description }) => ({ workspace: workspace_name, description }),
    out: (workspace) => ({ workspace: toWire(workspace) }),
  }),
  remove(`${path}/{workspace_name}`, archiveWorkspace, { in: ({ workspace_name }) => ({ workspace: workspace_name }) }),
])

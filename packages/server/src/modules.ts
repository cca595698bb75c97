/** The list of what the faces are made of. A new module is a line or three here. */
import { alertSecret, deliver } from './alerts/deliver.ts'
import { judgeRun, sweep, watchRuns } from './alerts/watch.ts'
import { routes as artifactRoutes, transfers as artifactTransfers } from './artifacts/artifacts.rest.ts'
import { retainAudit } from './audit/retain.ts'
import type { Kernel } from './context.ts'
import experiments from './experiments/experiments.rest.ts'
import { refreshChecks } from './gates/queue.ts'
import { expireRequests } from './gates/requests.ts'
import { runCheck } from './gates/run-check.ts'
import { letterJob, retainNotices } from './inbox/letters.ts'
import { tellOfRunComment } from './inbox/run-word.ts'
import { spread } from './inbox/spread.ts'
import { transfers as inboxTransfers } from './inbox/stop.rest.ts'
import type { Job } from './jobs.ts'
import { mailContent, postMail, retainMail } from './mail/mail.ts'
import { routes as modelRoutes, transfers as modelTransfers } from './models/logged-models.rest.ts'
import { databricksRoutes } from './registry/databricks.rest.ts'
import { permissionRoutes } from './registry/permissions.rest.ts'
import { routes as registryRoutes, transfers as registryTransfers } from './registry/registry.rest.ts'
import type { Route, Transfer } from './rest.ts'
import mlflowAuth from './roles/mlflow-auth.rest.ts'
import runs from './runs/runs.rest.ts'
import { refreshCatalogues } from './search/catalogue.ts'
import type { SealedColumn } from './secrets.ts'
import { ssoSecret } from './sso/settings.ts'
import { idTokens } from './sso/sign-in.ts'
import { transfers as ssoTransfers } from './sso/sso.rest.ts'
import { collectTrash } from './trash/collect.ts'
import { measureTrash } from './trash/measure.ts'
import { transfers as authTransfers } from './users/auth.rest.ts'
import { sendForgotten } from './users/links.ts'
import { tokenEnds } from './users/token-ends.ts'
import { bring, sweepWebhooks, webhookAuthorization, webhookSecret } from './webhooks/outbox.ts'
import webhooks from './webhooks/webhooks.rest.ts'
import workspaces from './workspaces/workspaces.rest.ts'

export const routes: Route[] = [
  ...experiments,
  ...runs,
  ...artifactRoutes,
  ...modelRoutes,
  ...registryRoutes,
  ...databricksRoutes,
  ...permissionRoutes,
  ...workspaces,
  ...mlflowAuth,
  ...webhooks,
]
/** Work after the answer. */
export const jobs: Array<Job<unknown>> = [
  refreshCatalogues,
  judgeRun,
  sweep,
  deliver,
  collectTrash,
  measureTrash,
  retainAudit,
  postMail,
  retainMail,
  sendForgotten,
  expireRequests,
  runCheck,
  refreshChecks,
  bring,
  sweepWebhooks,
  spread,
  tellOfRunComment,
  letterJob,
  retainNotices,
  tokenEnds,
]
/** What listens as long as the server runs. */
export const watchers: Array<(kernel: Kernel) => () => Promise<void>> = [watchRuns]
/** What is sealed before it is stored. */
export const sealed: SealedColumn[] = [alertSecret, ssoSecret, idTokens, mailContent, webhookSecret, webhookAuthorization]
export const transfers: Transfer[] = [
  ...artifactTransfers,
  ...modelTransfers,
  ...registryTransfers,
  ...authTransfers,
  ...ssoTransfers,
  ...inboxTransfers,
]

/** Each adds its types and fields to the builder. */
export const graphql = () =>
  Promise.all([
    import('./audit/audit.graphql.ts'),
    import('./users/users.graphql.ts'),
    import('./users/tokens.graphql.ts'),
    import('./workspaces/workspaces.graphql.ts'),
    import('./teams/teams.graphql.ts'),
    import('./roles/roles.graphql.ts'),
    import('./experiments/experiments.graphql.ts'),
    import('./runs/runs.graphql.ts'),
    import('./runs/mutations.graphql.ts'),
    import('./runs/bulk.graphql.ts'),
    import('./runs/comments.graphql.ts'),
    import('./runs/live.graphql.ts'),
    import('./runs/group-chart.graphql.ts'),
    import('./models/logged-models.graphql.ts'),
    import('./models/mutations.graphql.ts'),
    import('./registry/registry.graphql.ts'),
    import('./registry/mutations.graphql.ts'),
    import('./registry/live.graphql.ts'),
    import('./registry/activity.graphql.ts'),
    import('./registry/moment.graphql.ts'),
    import('./gates/policy.graphql.ts'),
    import('./gates/requests.graphql.ts'),
    import('./gates/mutations.graphql.ts'),
    import('./logs/logs.graphql.ts'),
    import('./search/search.graphql.ts'),
    import('./search/variety.graphql.ts'),
    import('./search/groups.graphql.ts'),
    import('./alerts/alerts.graphql.ts'),
    import('./views/views.graphql.ts'),
    import('./transfer/transfer.graphql.ts'),
    import('./transfer/models.graphql.ts'),
    import('./trash/trash.graphql.ts'),
    import('./keyring/keyring.graphql.ts'),
    import('./sso/sso.graphql.ts'),
    import('./mail/mail.graphql.ts'),
    import('./webhooks/webhooks.graphql.ts'),
    import('./inbox/inbox.graphql.ts'),
  ])

/** The list of what the faces are made of. A new module is a line or three here. */
import { routes as artifactRoutes, transfers } from './artifacts/artifacts.rest.ts'
import experiments from './experiments/experiments.rest.ts'
import type { Route } from './rest.ts'
import runs from './runs/runs.rest.ts'

export const routes: Route[] = [...experiments, ...runs, ...artifactRoutes]
export { transfers }

/** Each adds its types and fields to the builder. */
export const graphql = () =>
  Promise.all([
    import('./workspaces/workspaces.graphql.ts'),
    import('./experiments/experiments.graphql.ts'),
    import('./runs/runs.graphql.ts'),
    import('./runs/mutations.graphql.ts'),
    import('./runs/live.graphql.ts'),
    import('./search/search.graphql.ts'),
  ])

/** What the pages ask of the registry as it stood at a time. */
import { graphql, type ResultOf } from '#lib/api.ts'

export const RegistryAt = graphql(`
  query RegistryAt($at: Timestamp!) {
    registryAt(at: $at, first: 1000) { id name stages { version stage since by } aliases { alias version } }
    registryPolicy { stages }
  }
`)

export const ModelAt = graphql(`
  query ModelAt($name: String!, $at: Timestamp!) {
    registeredModel(name: $name) {
      id
      stages
      moment(at: $at) { id name stages { version stage since by askedBy approvedBy } aliases { alias version } }
    }
  }
`)
export type ModelAt = NonNullable<ResultOf<typeof ModelAt>['registeredModel']>

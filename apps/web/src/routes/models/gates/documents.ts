/** What the pages where stages and gates are set ask the server. */
import { graphql, type ResultOf } from '#lib/api.ts'
import { GateFacts } from '../documents.ts'

export const Policy = graphql(
  `
  query Policy {
    registryPolicy { stages gates { ...GateFacts } yaml }
    transitionRequests(states: [OPEN], first: 200) { nodes { id to version { id name version model { id ownPolicy { gates { stage } stages } } } } }
    modelActivity(kinds: [POLICY_CHANGED], first: 100) { nodes { id time model actor data } }
  }
`,
  [GateFacts],
)
export const ModelPolicy = graphql(
  `
  query ModelPolicy($name: String!) {
    registryPolicy { stages gates { ...GateFacts } yaml }
    registeredModel(name: $name) {
      id
      name
      ownPolicy { stages gates { ...GateFacts } yaml }
      requests(states: [OPEN], first: 200) { nodes { id to version { id name version } } }
      activity(kinds: [POLICY_CHANGED], first: 50) { nodes { id time model actor data } }
    }
  }
`,
  [GateFacts],
)
export type Change = ResultOf<typeof Policy>['modelActivity']['nodes'][number]

/** Only a bell. */
export const PolicyRang = graphql(`
  subscription PolicyRang($model: String) {
    modelActivity(model: $model) { cursor }
  }
`)

export const PolicyPeople = graphql(`
  query PolicyPeople {
    members { account { name } }
    teams { name members { name } }
  }
`)

export const CheckPolicy = graphql(
  `
  query CheckPolicy($model: String, $yaml: String!) {
    checkRegistryPolicy(model: $model, yaml: $yaml) { stages gates { ...GateFacts } }
  }
`,
  [GateFacts],
)

export const SetPolicy = graphql(`
  mutation SetPolicy($input: SetRegistryPolicyInput!) {
    setRegistryPolicy(input: $input) { policy { stages } }
  }
`)

/** What the alerts page asks and does. */
import { AlertFacts } from '#lib/alerts.svelte.ts'
import { graphql, type ResultOf } from '#lib/api.ts'

export const OlderAlerts = graphql(
  `
  query OlderAlerts($after: String) {
    alerts(first: 100, after: $after) {
      nodes { ...AlertFacts }
      pageInfo { endCursor }
    }
  }
`,
  [AlertFacts],
)

export const ReadAlerts = graphql(`mutation ReadAlerts($ids: [ID!]) { readAlerts(ids: $ids) { count } }`)

const RuleFacts = graphql(`
  fragment RuleFacts on AlertRule {
    id
    name
    metric
    sentence
    url
    enabled
    createdBy
    createdAt
    condition { kind comparator limit points goal delta steps after }
    experiment { id name can { edit } }
  }
`)

export type Rule = ResultOf<typeof RuleFacts>

export const Rules = graphql(`query AlertRules { alertRules { ...RuleFacts } }`, [RuleFacts])

export const MetricKeys = graphql(`
  query AlertMetricKeys($experiment: ID!) {
    columns(experiments: [$experiment], kinds: [METRIC], first: 500) { nodes { key } }
  }
`)

export const CreateRule = graphql(
  `mutation CreateAlertRule($input: CreateAlertRuleInput!) { createAlertRule(input: $input) { secret rule { ...RuleFacts } } }`,
  [RuleFacts],
)
export const UpdateRule = graphql(
  `mutation UpdateAlertRule($input: UpdateAlertRuleInput!) { updateAlertRule(input: $input) { rule { ...RuleFacts } } }`,
  [RuleFacts],
)
export const DeleteRule = graphql(`mutation DeleteAlertRule($id: ID!) { deleteAlertRule(id: $id) { id } }`)
export const TestRule = graphql(`mutation TestAlertRule($id: ID!) { testAlertRule(id: $id) { delivery { status error ms } } }`)

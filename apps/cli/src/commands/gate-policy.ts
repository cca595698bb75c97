/** `tidegate gate policy`: the stages and gates that are set, as YAML, and setting them from a file, so that they can be kept in a repository. */
import { readFile } from 'node:fs/promises'
import { text as textOf } from 'node:stream/consumers'
import { graphql } from '@tidegate/client'
import type { Command } from 'commander'
import { examples } from '../examples.ts'
import { notFound, usage } from '../exit.ts'
import type { Act } from '../session.ts'

const Policy = graphql(`query GatePolicy { registryPolicy { yaml } }`)
const OfModel = graphql(`query GatePolicyOfModel($name: String!) { registeredModel(name: $name) { ownPolicy { yaml } } }`)
const Check = graphql(`
  query GatePolicyCheck($model: String, $yaml: String!) { checkRegistryPolicy(model: $model, yaml: $yaml) { yaml } }
`)
const Apply = graphql(`
  mutation GatePolicyApply($model: String, $yaml: String!) { setRegistryPolicyYaml(model: $model, yaml: $yaml) { policy { yaml } } }
`)

async function read(file: string): Promise<string> {
  if (file === '-') return textOf(process.stdin)
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    throw usage(`'${file}' can't be read: ${(error as Error).message}`)
  }
}

export function addPolicy(group: Command, act: Act): void {
  const policy = group
    .command('policy')
    .description('the stages and gates that are set, as YAML; with a file, sets them')
    .argument('[file]', 'what is to be set, as YAML; - is standard input')
    .option('-m, --model <name>', 'of this model only; what it leaves out is as the workspace has it')
    .option('--dry-run', 'only looks whether the file could be set')
  examples(policy, 'gate policy > gates.yaml', 'gate policy gates.yaml --dry-run', 'gate policy load.yaml --model load-forecaster').action(
    act(async (session, file: string | undefined, { model, dryRun = false }: { model?: string; dryRun?: boolean }) => {
      const { client, out, signal } = session
      if (file === undefined) {
        if (dryRun) throw usage('--dry-run is of a file: say which.')
        let yaml: string
        if (model === undefined) yaml = (await client.query(Policy, {}, { signal })).registryPolicy.yaml
        else {
          const { registeredModel } = await client.query(OfModel, { name: model }, { signal })
          if (!registeredModel) throw notFound(`There is no model ${model}.`)
          if (!registeredModel.ownPolicy) throw notFound(`${model} has no stages and gates of its own: they are the workspace's.`)
          yaml = registeredModel.ownPolicy.yaml
        }
        if (out.json) out.document({ model: model ?? null, yaml }, () => yaml)
        else out.raw(yaml)
        return
      }
      const said = { model: model ?? null, yaml: await read(file) }
      const yaml = dryRun
        ? (await client.query(Check, said, { signal })).checkRegistryPolicy.yaml
        : (await client.query(Apply, said, { signal })).setRegistryPolicyYaml.policy.yaml
      const whose = model ?? 'the workspace'
      out.document({ model: model ?? null, yaml, dryRun }, () => (dryRun ? `It could be set for ${whose}.` : `Set for ${whose}.`))
    }),
  )
}

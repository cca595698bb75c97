/** What happened to a model, in words: after the name of who did it. */
import type { IconName } from '#lib/ui/icons.ts'
import type { Activity } from './documents.ts'

export interface Told {
  icon: IconName
  text: string
  tone: 'ok' | 'bad' | 'warn' | ''
}

function dataOf({ data }: Activity): Record<string, unknown> {
  try {
    return JSON.parse(data)
  } catch {
    return {}
  }
}

/** The way it came, where that was not the pages or the server itself. */
export function wayOf({ door, through }: Pick<Activity, 'door' | 'through'>): string {
  const how = through === 'TOKEN' ? ' with a token' : through === 'PASSWORD' ? ' with a password' : ''
  if (door === 'REST') return `over REST${how}`
  return door === 'GRAPHQL' && how ? `over GraphQL${how}` : ''
}

export function tell(it: Activity): Told {
  const data = dataOf(it)
  const text = (words: string, icon: IconName, tone: Told['tone'] = ''): Told => ({ text: words, icon, tone })
  switch (it.kind) {
    case 'MODEL_CREATED':
      return text('made the model', 'cube')
    case 'MODEL_RENAMED':
      return text(`renamed it from ${it.from}`, 'edit')
    case 'MODEL_DESCRIBED':
      return text('changed what is written of the model', 'edit')
    case 'MODEL_DELETED':
      return text('deleted the model', 'trash', 'bad')
    case 'MODEL_TAG_SET':
    case 'VERSION_TAG_SET':
      return text(`set the tag ${data.key} to ${it.to}`, 'tag')
    case 'MODEL_TAG_DELETED':
    case 'VERSION_TAG_DELETED':
      return text(`took the tag ${data.key} away`, 'tag')
    case 'VERSION_CREATED':
      return text('registered it', 'cube')
    case 'VERSION_DESCRIBED':
      return text('changed the model card', 'edit')
    case 'VERSION_DELETED':
      return text('deleted it', 'trash', 'bad')
    case 'ALIAS_SET':
      return text(it.from === null ? `set @${data.alias}` : `moved @${data.alias} from v${it.from}`, 'tag')
    case 'ALIAS_DELETED':
      return text(`took @${data.alias} away`, 'tag')
    case 'STAGE_CHANGED':
      return text(`moved it ${it.from} → ${it.to}`, 'ar', 'ok')
    case 'STAGE_CHANGED_ALONG':
      return text(`sent it out of ${it.from}, with v${data.by}`, 'archive')
    case 'TRANSITION_REQUESTED':
      return text(`asked for ${it.to}`, 'gate', 'warn')
    case 'TRANSITION_APPROVED':
      return text(`approved ${it.to}`, 'finished', 'ok')
    case 'TRANSITION_REJECTED':
      return text(`rejected ${it.to}`, 'x', 'bad')
    case 'TRANSITION_CANCELLED':
      return text(`took the request for ${it.to} back`, 'x')
    case 'TRANSITION_EXPIRED':
      return text(`let the request for ${it.to} expire`, 'clock')
    case 'TRANSITION_SUPERSEDED':
      return text(`closed the request for ${it.to} by moving it`, 'x')
    case 'CHECK_REPORTED':
      return text(
        `reported the check ${data.check}: ${it.to?.toLowerCase()}`,
        it.to === 'FAILED' ? 'failed' : it.to === 'PASSED' ? 'finished' : 'running',
        it.to === 'FAILED' ? 'bad' : it.to === 'PASSED' ? 'ok' : '',
      )
    case 'CHECK_OVERRIDDEN':
      return text(`opened it past the check ${data.check}`, 'warn', 'warn')
    case 'COMMENT_ADDED':
      return text('commented', 'edit')
    case 'COMMENT_CHANGED':
      return text('changed a comment', 'edit')
    case 'COMMENT_DELETED':
      return text('took a comment away', 'edit')
    case 'POLICY_CHANGED':
      return text('changed the stages or gates', 'gate')
  }
}

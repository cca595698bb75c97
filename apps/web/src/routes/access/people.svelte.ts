/** Who is in the workspace, as what: one copy for the tabs that show it, kept current by the server while the page of access is open. */
import { type ApiError, live } from '#lib/api.ts'
import { session } from '#lib/session.svelte.ts'
import { type CustomRole, type Member, People, type Team } from './documents.ts'

let members = $state.raw<readonly Member[]>([])
let teams = $state.raw<readonly Team[]>([])
let roles = $state.raw<readonly CustomRole[]>([])
let isThere = $state(false)
let error = $state.raw<ApiError | undefined>()

/** Somebody of the workspace: a member, or in it by a team or a role of its own making. */
export interface Person {
  account: Member['account']
  /** Their own. */
  member: Member | undefined
  teams: readonly Team[]
}

const persons = $derived.by(() => {
  const all = new Map<string, { account: Member['account']; member: Member | undefined; teams: Team[] }>()
  for (const member of members) all.set(member.account.id, { account: member.account, member, teams: [] })
  const at = (account: Member['account']) => {
    const found = all.get(account.id) ?? { account, member: undefined, teams: [] }
    all.set(account.id, found)
    return found
  }
  for (const team of teams) for (const account of team.members) at(account).teams.push(team)
  for (const role of roles) for (const account of role.accounts) at(account)
  return [...all.values()].sort((a, b) => a.account.name.localeCompare(b.account.name))
})

export const people = {
  get isThere(): boolean {
    return isThere
  },
  get error(): ApiError | undefined {
    return error
  },
  get members(): readonly Member[] {
    return members
  },
  get teams(): readonly Team[] {
    return teams
  },
  get roles(): readonly CustomRole[] {
    return roles
  },
  /** By name. */
  get persons(): readonly Person[] {
    return persons
  },
  /** Until the returned function is called. What the viewer may do is asked anew with it. */
  listen(): () => void {
    error = undefined
    return live(
      People,
      {},
      ({ accessChanged }) => {
        if (isThere) void session.reload()
        ;({ members, teams, roles } = accessChanged)
        isThere = true
      },
      (caught) => (error = caught),
    )
  },
}

/** What a person's groups at the provider stand for here: roles in workspaces. Pure: it knows neither provider nor database. */

/** Whoever is in `group` has `role` in `workspace`. */
export interface GroupRule {
  /** As the provider writes it; `*` at its end stands for any rest, and alone for everybody who signs in. */
  group: string
  workspace: string
  role: string
}

export interface Membership {
  workspace: string
  role: string
}

const key = ({ workspace, role }: Membership) => JSON.stringify([workspace, role])

const fits = (pattern: string, group: string) => (pattern.endsWith('*') ? group.startsWith(pattern.slice(0, -1)) : group === pattern)

/** Whether somebody with these groups is in what a rule names. */
export const matches = (pattern: string, groups: readonly string[]) => pattern === '*' || groups.some((each) => fits(pattern, each))

/** Each once, in the order of the rules: roles of several groups add up. */
export function rolesOf(groups: readonly string[], rules: readonly GroupRule[]): Membership[] {
  const found = new Map<string, Membership>()
  for (const { group, workspace, role } of rules) {
    if (matches(group, groups)) found.set(key({ workspace, role }), { workspace, role })
  }
  return [...found.values()]
}

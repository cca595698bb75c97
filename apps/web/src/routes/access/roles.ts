/** Roles in words, as the server's rules have them. */
import type { Role } from './documents.ts'

export const roles: readonly { role: Role; title: string }[] = [
  { role: 'VIEWER', title: 'Viewer' },
  { role: 'CONTRIBUTOR', title: 'Contributor' },
  { role: 'ENGINEER', title: 'Engineer' },
  { role: 'APPROVER', title: 'Approver' },
  { role: 'ADMIN', title: 'Admin' },
]

export const titleOf = (role: Role): string => roles.find((each) => each.role === role)!.title

/** From which role on something may be done: each has what the ones before it have. */
export const abilities: readonly { text: string; from: Role }[] = [
  { text: 'See experiments, runs, files, members', from: 'VIEWER' },
  { text: 'Make experiments, log runs', from: 'CONTRIBUTOR' },
  { text: 'Change, delete and restore them', from: 'CONTRIBUTOR' },
  { text: 'Register models and deploy them', from: 'ENGINEER' },
  { text: 'Approve at gates, manage models', from: 'APPROVER' },
  { text: 'Manage members and grants, empty the trash', from: 'ADMIN' },
]

export const has = (role: Role, from: Role): boolean =>
  roles.findIndex((each) => each.role === role) >= roles.findIndex((each) => each.role === from)

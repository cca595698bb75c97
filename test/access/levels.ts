/**
 * Who may do what with a registered model, by the level they were granted on it and by their role: the table that levels.test.ts tries by every
 * face, and test/web/levels.test.ts on the pages. docs/access.md has its first half.
 */
import { permissions, roles } from '../../packages/server/src/access.ts'

/** Granted on the model, without a role but for the first; and the roles, without a grant. */
export const columns = [...Object.keys(permissions).filter((level) => level !== 'USE'), ...roles]
export const isRole = (column: string): boolean => (roles as string[]).includes(column)

/** + done   - denied   . not there: a sign for each column. */
export const table = {
  'see it, its versions, requests, activities and where its files are': '. + + + + + + + + + + +',
  'ask for a transition, comment': '. + + + + + + + + + + +',
  'add a version': '. - + + + + + - - + + +',
  'change descriptions and tags': '. - + + + + + - - + + +',
  'move a version from None to Staging': '. - - + + + + - - + + +',
  'move a version from Staging to Archived': '. - - + + + + - - + + +',
  'move a version from None to Production': '. - - - + + + - - + + +',
  'move a version from Production to Staging': '. - - - + + + - - + + +',
  'decide what was asked for from None to Staging': '. - - + + + + - - + + +',
  'decide what was asked for from None to Production': '. - - - + + + - - + + +',
  'set an alias, take it away': '. - - - + + + - - + + +',
  'take back what one asked for': '. + + + + + + + + + + +',
  'take back what another asked for': '. - - - - - + - - - + +',
  'rename it': '. - - - - + + - - + + +',
  'delete a version, delete it': '. - - - - - + - - + + +',
  'say who may do what with it': '. - - - - - + - - - + +',
}
export type Right = keyof typeof table

/** What a column gets of a right. */
export const signOf = (right: Right, column: string): string => table[right].split(' ')[columns.indexOf(column)]!

/** As docs/access.md has it: the levels, without the one that takes all. */
export function tableOfLevels(): string {
  const levels = columns.filter((column) => !isRole(column) && column !== 'NO_PERMISSIONS')
  return [
    `| | ${levels.map((level) => `\`${level}\``).join(' | ')} |`,
    `|---|${'---|'.repeat(levels.length)}`,
    ...(Object.keys(table) as Right[]).map(
      (right) => `| ${right} |${levels.map((level) => (signOf(right, level) === '+' ? ' ✓ |' : ' |')).join('')}`,
    ),
  ].join('\n')
}

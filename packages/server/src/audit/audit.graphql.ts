/** The audit log in GraphQL. */
import type { Audit as AuditRow } from '@tidegate/db'
import { builder } from '../builder.ts'
import { call } from '../operation.ts'
import { type AuditPage as AuditPageRow, readAudit } from './audit.ts'

export const Through = builder.enumType('Through', {
  description: 'How somebody was known.',
  values: {
    SESSION: { description: 'By the cookie of a browser that is signed in.' },
    TOKEN: { description: 'By a token.' },
    PASSWORD: { description: 'By name and password with the request.' },
    NONE: { description: 'Not: it is an attempt to get in.' },
  },
})

const AuditEntry = builder.objectRef<AuditRow>('AuditEntry').implement({
  description: 'Something that was changed, or refused. It never changes itself; it is let go after the page’s `keptDays`.',
  fields: (t) => ({
    id: t.id({ description: 'A number, as text; it grows.', resolve: ({ id }) => String(id) }),
    time: t.field({ type: 'Timestamp', description: 'When.', resolve: ({ at }) => Number(at) }),
    actor: t.exposeString('actor', { description: 'Who: the account’s name then.' }),
    through: t.field({ type: Through, description: 'How they were known.', resolve: ({ through }) => through as 'SESSION' }),
    address: t.exposeString('address', { description: 'From where, as the server saw it.' }),
    operation: t.exposeString('operation', { description: 'What: `run.delete`, `member.set`.' }),
    target: t.exposeString('target', { description: 'About what: `Experiment 12`.' }),
    outcome: t.exposeString('outcome', { description: 'OK, or the code of the refusal.' }),
    before: t.exposeString('before', {
      nullable: true,
      description: 'What was so before, as JSON of what differs. Null where nothing did, or it is not written down of this operation.',
    }),
    after: t.exposeString('after', { nullable: true, description: 'What is so since, likewise.' }),
    detail: t.exposeString('detail', { description: 'What was asked, as JSON without secrets; 2 000 characters at most.' }),
  }),
})
const AuditPage = builder.objectRef<AuditPageRow>('AuditPage').implement({
  description: 'Entries of the audit log, newest first.',
  fields: (t) => ({
    entries: t.field({
      type: [AuditEntry],
      description: 'Those that were asked for.',
      complexity: { multiplier: 1 },
      resolve: ({ entries }) => entries,
    }),
    keptDays: t.int({
      description: 'How many days entries are kept; 0: for ever. The operator says so.',
      resolve: (_, __, ctx) => ctx.auditDays,
    }),
    next: t.exposeString('next', { nullable: true, description: 'Give it back as `after`. Null at the end.' }),
  }),
})

builder.queryField('auditLog', (t) =>
  t.field({
    type: AuditPage,
    description:
      'Who changed what in this workspace, and what was refused. For who manages it. Points, lines and files that runs log are not in it. Kept on servers with accounts.',
    args: {
      everywhere: t.arg.boolean({ description: 'Of all workspaces, and signing in: for who manages the installation. @default false' }),
      actor: t.arg.string({ description: 'Only of this account.' }),
      operation: t.arg.string({ description: 'Only operations whose name begins so: `run.`, `member.set`.' }),
      refused: t.arg.boolean({ description: 'Only what was refused. @default false' }),
      from: t.arg({ type: 'Timestamp', description: 'From then on.' }),
      to: t.arg({ type: 'Timestamp', description: 'Until then.' }),
      search: t.arg.string({ description: 'Only entries that hold this text, in any case.' }),
      first: t.arg.int({ defaultValue: 100, required: true, description: 'How many; 1 000 at most.' }),
      after: t.arg.string({ description: 'The `next` of the page before.' }),
    },
    resolve: (_root, args, ctx) => call(ctx, readAudit, args),
  }),
)

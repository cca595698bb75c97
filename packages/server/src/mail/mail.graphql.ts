/** Outgoing mail in GraphQL: whether there is any, and what became of it. */
import type { Mail as MailRow } from '@tidegate/db'
import { builder } from '../builder.ts'
import { call } from '../operation.ts'
import { getMail, listMail, type MailSettings, type MailTest, testMail } from './mail.ts'

const time = (value: bigint | null) => (value === null ? null : Number(value))

const MailState = builder.enumType('MailState', {
  description: 'What became of a letter.',
  values: {
    WAITING: { description: 'It is to go, or to be tried again.' },
    SENT: { description: 'The mail server took it.' },
    FAILED: { description: 'It was given up.' },
  },
})

const Mail = builder.objectRef<MailRow>('Mail').implement({
  description: 'A letter of this server. What it said is not kept.',
  fields: (t) => ({
    id: t.id({ description: 'A number, as text.', resolve: ({ id }) => String(id) }),
    kind: t.exposeString('kind', { description: 'What it is about: `invitation`, `password-reset` or `notice`.' }),
    to: t.exposeString('recipient', { description: 'Whom it is for.' }),
    subject: t.exposeString('subject', { description: 'Its subject.' }),
    state: t.field({
      type: MailState,
      description: 'What became of it.',
      resolve: ({ sentAt, failedAt }) => (sentAt !== null ? 'SENT' : failedAt !== null ? 'FAILED' : 'WAITING'),
    }),
    createdAt: t.field({ type: 'Timestamp', description: 'When it was written.', resolve: ({ createdAt }) => Number(createdAt) }),
    sentAt: t.field({
      type: 'Timestamp',
      nullable: true,
      description: 'When the mail server took it. Null: not yet, or never.',
      resolve: ({ sentAt }) => time(sentAt),
    }),
    attempts: t.exposeInt('attempts', { description: 'How often it was tried.' }),
    error: t.exposeString('error', { nullable: true, description: 'What the last attempt met. Null: nothing.' }),
  }),
})

const MailSettingsRef = builder.objectRef<MailSettings>('MailSettings').implement({
  description: 'How this server sends mail: its operator has said so, with --smtp-url and --mail-from.',
  fields: (t) => ({
    from: t.exposeString('from', { description: 'Whom letters are from.' }),
    host: t.exposeString('host', { description: 'The mail server.' }),
    recent: t.field({
      type: [Mail],
      description: 'What was sent, newest first. It is kept for a month.',
      args: { first: t.arg.int({ defaultValue: 20, description: 'How many, 200 at most.' }) },
      complexity: ({ first }) => ({ field: 1, multiplier: first ?? 20 }),
      resolve: (_settings, { first }, ctx) => call(ctx, listMail, { first }),
    }),
  }),
})

const TestMailPayload = builder.objectRef<MailTest>('TestMailPayload').implement({
  fields: (t) => ({
    ok: t.exposeBoolean('ok', { description: 'The mail server took it.' }),
    message: t.exposeString('message', { description: 'What it said.' }),
  }),
})

builder.queryField('mail', (t) =>
  t.field({
    type: MailSettingsRef,
    nullable: true,
    description: 'Outgoing mail. For who manages the installation; null where this server sends none.',
    resolve: (_root, _args, ctx) => call(ctx, getMail, {}),
  }),
)

builder.mutationField('testMail', (t) =>
  t.field({
    type: TestMailPayload,
    description: 'Sends a letter now and says what the mail server answered.',
    args: { to: t.arg.string({ required: true, description: 'An e-mail address.' }) },
    resolve: (_root, args, ctx) => call(ctx, testMail, args),
  }),
)

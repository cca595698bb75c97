/**
 * Word before a token ends, a week and a day before: to whose it is, and of a service account's to whom made the account, or the workspace's admins
 * where they are gone. Not of what was made for no longer than that, nor of what was renewed.
 */
import { z } from 'zod'
import { inTransaction, server } from '../context.ts'
import { adminsOf } from '../inbox/admins.ts'
import { type Told, tell } from '../inbox/notices.ts'
import { job } from '../jobs.ts'

const day = 24 * 3600_000
/** The shorter first: who hears that it is a day need not hear that it is a week. */
const leads = [
  { ms: day, words: 'in a day' },
  { ms: 7 * day, words: 'in a week' },
]
/** Tokens of one turn. */
const batch = 1_000

export const tokenEnds = job({
  name: 'token.ends',
  payload: z.object({}),
  every: '7 * * * *',
  async run(kernel) {
    const now = Date.now()
    const tokens = await kernel.db.prisma.accessToken.findMany({
      where: { renewedBy: null, expiresAt: { gt: BigInt(now), lte: BigInt(now + 7 * day) }, account: { disabledAt: null } },
      include: { account: true },
      orderBy: { expiresAt: 'asc' },
      take: batch,
    })
    const all: Told[] = []
    for (const { id, name, account, ...token } of tokens) {
      const [end, life] = [Number(token.expiresAt), Number(token.expiresAt) - Number(token.createdAt)]
      const lead = leads.find(({ ms }) => end - now <= ms)
      if (!lead || life <= lead.ms) continue
      const { serviceOf, madeBy } = account
      const at = `${new Date(end).toISOString().slice(0, 16).replace('T', ' ')} UTC`
      all.push({
        accounts: serviceOf === null ? [account.id] : madeBy !== null ? [madeBy] : await adminsOf(kernel.db, serviceOf),
        ...{
          kind: 'TOKEN_ENDS',
          workspaceId: serviceOf,
          modelId: null,
          version: null,
          cause: `token ${id} ${lead.ms}`,
          actor: server.name,
        },
        text: `The token '${name}'${serviceOf === null ? '' : ` of ${account.name}`} ends ${lead.words}, on ${at}: renew it, or let it end`,
        path: serviceOf === null ? '/access?show=tokens' : '/access?show=workspace',
      })
    }
    await inTransaction(kernel, (tx) => tell(tx, kernel, all))
  },
})

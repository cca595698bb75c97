/** The link of the first admin: made anew at each start for as long as there is no account, so that only who starts the server has it. */
import type { Kernel } from '../context.ts'
import { digestOf, newSecret } from '../passwords.ts'

/** Good so long, ms. */
const life = 3 * 24 * 60 * 60_000

/** Undefined once there is an account. */
export async function newFirstLink({ db, origin }: Kernel): Promise<string | undefined> {
  if ((await db.prisma.account.count()) > 0) return undefined
  const token = newSecret()
  await db.prisma.$transaction([
    db.prisma.oneTimeLink.deleteMany({ where: { accountId: null } }),
    db.prisma.oneTimeLink.create({ data: { digest: digestOf(token), accountId: null, expiresAt: BigInt(Date.now() + life) } }),
  ])
  return `${origin}/link#${token}`
}

/** Who is told of what belongs to a workspace, where nobody's own it is: its admins. */
import type { Database } from '@tidegate/db'
import { managersOf } from '../standing.ts'

export const adminsOf = async ({ prisma }: Pick<Database, 'prisma'>, workspaceId: number): Promise<number[]> =>
  (await prisma.account.findMany({ where: managersOf(workspaceId), select: { id: true } })).map(({ id }) => id)

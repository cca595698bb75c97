/** Who is told of what belongs to a workspace, where nobody's own it is: its admins. */
import type { Database } from '@tidegate/db'

export const adminsOf = async ({ prisma }: Pick<Database, 'prisma'>, workspaceId: number): Promise<number[]> =>
  (
    await prisma.account.findMany({
      where: {
        ...{ disabledAt: null, serviceOf: null },
        OR: [{ members: { some: { workspaceId, role: 'ADMIN' } } }, { teams: { some: { team: { workspaceId, role: 'ADMIN' } } } }],
      },
      select: { id: true },
    })
  ).map(({ id }) => id)

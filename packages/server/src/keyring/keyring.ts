/** The key that seals secrets, as an admin changes it. */
import { z } from 'zod'
import { operation } from '../operation.ts'

export const rotateSecretKey = operation({
  name: 'secret-key.rotate',
  input: z.object({}),
  action: 'manage',
  on: () => ({ securable: { kind: 'System' }, row: null }) as const,
  run: (ctx) => ctx.secrets.rotate(),
})

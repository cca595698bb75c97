/** The key that seals secrets, in GraphQL. */
import { builder } from '../builder.ts'
import { call } from '../operation.ts'
import type { Rotation } from '../secrets.ts'
import { rotateSecretKey } from './keyring.ts'

const RotateSecretKeyPayload = builder.objectRef<Rotation>('RotateSecretKeyPayload').implement({
  fields: (t) => ({
    keyId: t.exposeID('keyId', {
      description: 'Of the new key: a digest, by which it is told from others. The key itself stays in its file.',
    }),
    sealed: t.exposeInt('sealed', { description: 'How many secrets were sealed anew.' }),
  }),
})

builder.mutationField('rotateSecretKey', (t) =>
  t.field({
    type: RotateSecretKeyPayload,
    description:
      'Makes a new key and seals every secret with it. For admins of the installation. Older keys stay in the file, so that a backup can still be opened. Refused where TIDEGATE_SECRET_KEYS has the keys: change them there.',
    resolve: (_root, _args, ctx) => call(ctx, rotateSecretKey, {}),
  }),
)

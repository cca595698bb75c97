/** `tidegate secrets`: the key that seals what the server keeps secret. */
import { graphql } from '@tidegate/client'
import { examples } from '../examples.ts'
import type { Commands } from '../session.ts'

const Rotate = graphql(`mutation RotateSecretKey { rotateSecretKey { keyId sealed } }`)

export default ((program, act) => {
  const secrets = program.command('secrets').description('the key that seals what the server keeps secret')
  const rotate = secrets.command('rotate').description('makes a new key, and seals every secret with it')
  examples(rotate, 'secrets rotate --yes').action(
    act(async ({ out, client, signal, confirm }) => {
      await confirm('Make a new key, and seal every secret of this server with it?')
      const { rotateSecretKey: rotation } = await client.query(Rotate, {}, { signal })
      out.document(
        rotation,
        () => `Sealed ${rotation.sealed} secrets with the new key ${rotation.keyId}. Copy the server's file of keys again.`,
      )
    }),
  )
}) satisfies Commands

/**
 * Passwords and other secrets, as they are kept. Passwords: argon2id with OWASP's parameters, as a PHC string
 * (https://github.com/P-H-C/phc-string-format). Secrets that we make ourselves are 256 random bits: their SHA-256 is enough.
 */
import { argon2, createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { AppError } from './errors.ts'

const derive = promisify(argon2) as (algorithm: 'argon2id', parameters: object) => Promise<Buffer>

/** KiB, passes, lanes: https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html */
const cost = { memory: 19_456, passes: 2, parallelism: 1 }
const length = 32
const plain = (bytes: Buffer) => bytes.toString('base64').replace(/=+$/, '')

export async function hashPassword(password: string): Promise<string> {
  const nonce = randomBytes(16)
  const hash = await derive('argon2id', { ...cost, message: password, nonce, tagLength: length })
  return `$argon2id$v=19$m=${cost.memory},t=${cost.passes},p=${cost.parallelism}$${plain(nonce)}$${plain(hash)}`
}

/** What no password is: where there is no account, as much work is done as where there is one. */
let nobody: Promise<string> | undefined

/** Takes as long for an account that isn't there, or has no password. */
export async function checkPassword(password: string, stored: string | null | undefined): Promise<boolean> {
  const text = stored ?? (await (nobody ??= hashPassword(randomBytes(16).toString('hex'))))
  const [, memory, passes, parallelism, nonce = '', hash = ''] =
    /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([^$]+)\$([^$]+)$/.exec(text) ?? []
  const expected = Buffer.from(hash, 'base64')
  const parameters = { memory: Number(memory), passes: Number(passes), parallelism: Number(parallelism) }
  const found = await derive('argon2id', {
    ...parameters,
    message: password,
    nonce: Buffer.from(nonce, 'base64'),
    tagLength: expected.length,
  })
  return timingSafeEqual(found, expected) && stored != null
}

/** Refuses what is tried first by whoever guesses. */
export function checkStrength(password: string, name: string): void {
  const fault =
    password.length < 10
      ? `has ${password.length} characters: take 10 or more`
      : password.length > 1000
        ? 'has more than 1 000 characters'
        : new Set(password).size < 4
          ? 'repeats a few characters: take others'
          : password.toLowerCase().includes(name.toLowerCase()) && name.length > 3
            ? 'holds the name of the account: take another'
            : undefined
  // The password itself is in no message.
  if (fault) throw new AppError('INVALID_PARAMETER_VALUE', `The password ${fault}.`, { field: 'password' })
}

export const newSecret = (prefix = ''): string => prefix + randomBytes(32).toString('base64url')

export const digestOf = (secret: string): Uint8Array<ArrayBuffer> => new Uint8Array(createHash('sha256').update(secret).digest())

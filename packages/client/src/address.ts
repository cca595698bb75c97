/** Which server is meant. The only place of this package that reads the environment, and the only one that asks where it runs. */

interface Surroundings {
  /** Absent in browsers. */
  process?: NodeJS.Process
  /** A browser's page; absent in Node. */
  location?: { origin: string }
}

const { process, location } = globalThis as Surroundings

/** Node's process, undefined in a browser. */
export const node = process?.versions?.node ? process : undefined

/**
 * The server's address, without a slash at its end. @default in Node TIDEGATE_URL, else MLFLOW_TRACKING_URI, else http://127.0.0.1:5000;
 * in a browser where the page is from. Throws a TypeError where it is no http address.
 */
export function addressOf(given?: string | URL): string {
  const [source, address] = given
    ? ['url', String(given)]
    : node?.env.TIDEGATE_URL
      ? ['TIDEGATE_URL', node.env.TIDEGATE_URL]
      : node?.env.MLFLOW_TRACKING_URI
        ? ['MLFLOW_TRACKING_URI', node.env.MLFLOW_TRACKING_URI]
        : ['location', (!node && location?.origin) || 'http://127.0.0.1:5000']
  if (!URL.canParse(address) || !/^https?:$/.test(new URL(address).protocol)) {
    throw new TypeError(`${source} is '${address}': give the server's address, such as http://127.0.0.1:5000.`)
  }
  return address.replace(/\/+$/, '')
}

/** The folder of the spool, where the environment names one; and whether nothing is to be sent. */
export const spoolOf = (): { folder: string | undefined; offline: boolean } => ({
  folder: node?.env.TIDEGATE_SPOOL || undefined,
  offline: /^(1|true)$/i.test(node?.env.TIDEGATE_OFFLINE ?? ''),
})

/** A random name of 128 bits. Not randomUUID(), which browsers keep from pages without TLS. */
export const randomName = (): string =>
  [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('')

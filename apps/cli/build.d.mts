/** Bundles `tidegate` into `outDir`; gives the file. @default apps/cli/build */
export function buildCli(outDir?: string): Promise<string>

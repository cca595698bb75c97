/**
 * The list a reader came from, so that a run's page can step to the next and the previous run in the order that was on screen. Kept while
 * the page lives.
 */
let remembered: { experiment: string; runs: readonly string[] } | undefined

/** Called by a list when one of its runs is opened: the ids as they lie on screen. */
export function rememberRuns(experiment: string, runs: readonly string[]): void {
  remembered = { experiment, runs }
}

/** The list that has this run, or undefined where the reader came from elsewhere. */
export function listWith(experiment: string, run: string): readonly string[] | undefined {
  return remembered?.experiment === experiment && remembered.runs.includes(run) ? remembered.runs : undefined
}

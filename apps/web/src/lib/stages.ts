/** What a version is moved to: a stage, or an alias. */

const known: Record<string, string> = { None: 'sg-none', Staging: 'sg-staging', Production: 'sg-production', Archived: 'sg-archived' }

/** The class of a stage's mark: MLflow's four have their colours, others take turns. */
export const stageClass = (stage: string): string => known[stage] ?? (stage.length % 2 ? 'sg-c1' : 'sg-c2')

/** Whether it is no stage but an alias, or a pattern of aliases: `@champion`, `@champ*`. */
export const isOfAliases = (place: string): boolean => place.startsWith('@')

/** Those that a stage's versions are in use from: one that comes in may send the others out. */
export const isActive = (stage: string): boolean => stage !== 'None' && stage !== 'Archived' && !isOfAliases(stage)

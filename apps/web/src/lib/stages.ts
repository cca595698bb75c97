/** What a version is moved to: a stage, or an alias. */

/** Whether it is no stage but an alias, or a pattern of aliases: `@champion`, `@champ*`. */
export const isOfAliases = (place: string): boolean => place.startsWith('@')

/** Those that a stage's versions are in use from: one that comes in may send the others out. */
export const isActive = (stage: string): boolean => stage !== 'None' && stage !== 'Archived' && !isOfAliases(stage)

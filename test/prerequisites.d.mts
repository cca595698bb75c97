/** The Python of a virtual environment with those requirements. @default test/mlflow/requirements.txt */
export function mlflowPython(requirements?: string): string
/** Where Chromium is. */
export function chromium(): string
/** Maven's arguments, to be followed by goals: what it fetches stays in the checkout. */
export function maven(): string[]
/** Rscript, with the packages that the R tests use. */
export function rscript(): string

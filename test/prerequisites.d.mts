/** The Python of a virtual environment with those requirements. @default test/mlflow/requirements.txt */
export function mlflowPython(requirements?: string): string
/** Where Chromium is. */
export function chromium(): string
/** The Chromium that the tests of pages drive: without windows, where that can be had. */
export function headlessChromium(): string
/** Maven's arguments for a project, to be followed by goals. What it needs is in the checkout by then, so that two may run at once. */
export function maven(project: string): string[]
/** The folder of a Keycloak, built for a database in memory. */
export function keycloak(): string
/** Rscript, with the packages that the R tests use. */
export function rscript(): string

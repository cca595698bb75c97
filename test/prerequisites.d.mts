/** The Python of a virtual environment with those requirements. @default test/mlflow/requirements.txt */
export function mlflowPython(requirements?: string): string
/** Where Chromium is. */
export function chromium(): string

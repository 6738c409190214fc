import { existsSync } from 'node:fs'
import { join } from 'node:path'

const path = join(import.meta.dirname, '../.cache/python/pyarrow/bin/python')

/** The Python that has pyarrow; undefined where it is not installed. Where CI says so, it must be. */
export const pyarrowPython = existsSync(path) ? path : undefined

/** What a test that needs pyarrow is called: without it, the name says how to get it. */
export function pyarrowTest(name: string): string {
  return pyarrowPython === undefined ? `${name} (skipped: run \`npm run services -- pyarrow\`)` : name
}

if (pyarrowPython === undefined && process.env['CI'] === 'true') {
  throw new Error('pyarrow is not installed; run `npm run services -- pyarrow`.')
}

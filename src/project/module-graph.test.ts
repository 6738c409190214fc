import { expect, test } from 'vitest'
import { importedPaths } from './module-graph.ts'

test.each([
  ["import a from './a.ts'", ['./a.ts']],
  ["import './a.ts'", ['./a.ts']],
  ['import * as a from \'./a.ts\'; export * from "../b.ts"', ['./a.ts', '../b.ts']],
  ["import a, { b,\n  type C } from './a.ts'", ['./a.ts']],
  ["export { default } from './a.ts'", ['./a.ts']],
  ["const a = await import('./a.ts')", ['./a.ts']],
  ["import type { A } from './a.ts'", []],
  ["export type { A } from './a.ts'", []],
  ["import type from './a.ts'", ['./a.ts']],
  ["// import a from './a.ts'\n/* import b from './b.ts' */", []],
  ["const url = 'https://x/*'\nimport a from './a.ts' // */", ['./a.ts']],
  ["import { load } from 'sluice-etl'\nimport a from './a.ts'", ['./a.ts']],
  ["export const a = load(sales, { into: './a.ts' })", []],
  ['const text = `import a from "./a.ts"`', []],
])('%s', (text, paths) => {
  expect(importedPaths(text)).toEqual(paths)
})

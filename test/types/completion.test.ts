import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { LanguageServer } from '../fixtures/language-server.ts'

const folder = join(import.meta.dirname, 'planted')
let server: LanguageServer

beforeAll(async () => {
  server = await LanguageServer.start(folder)
})
afterAll(() => server.stop())

/** What the editor offers at `¦` in the options of a load of `lines`, sorted. */
async function offered(options: string, extraction = 'lines'): Promise<readonly string[]> {
  const text = `import { between, bigint, load, lookup, notNull, oneOf, text } from 'sluice-etl'
import changes from '../extract/changes.ts'
import lines from '../extract/lines.ts'
import stores from './stores.ts'

export default load(${extraction}, { into: 'target', ${options} })
`
  // The empty text that stands there is a name like any other to the compiler.
  return (await server.completions(join(folder, 'load/completed.ts'), text)).filter((label) => label !== '').sort()
}

const columns = ['AMT', 'changed_at', 'payload', 'sale_id', 'store_id', 'updated_at']
const keyables = ['AMT', 'sale_id', 'updated_at']
const append = "write: { disposition: 'append' }"

test.each([
  ['the dispositions', "write: { disposition: '¦' }", ['append', 'insert_only', 'merge', 'replace']],
  ['the members of a merge', "write: { disposition: 'merge', ¦ }", ['key', 'newest?', 'surrogateKey?']],
  ['the members of a replace', "write: { disposition: 'replace', ¦ }", ['allowEmpty?', 'key?', 'surrogateKey?']],
  ['the key of a merge', "write: { disposition: 'merge', key: ['¦'] }", keyables],
  ['the key of an insert_only', "write: { disposition: 'insert_only', key: ['¦'] }", keyables],
  [
    'the key of declared columns, without lookups',
    "columns: { id: bigint().from('sale_id'), found: lookup(stores, { store_id: 'store_id', region: 'payload' }) }, write: { disposition: 'replace', key: ['¦'] }",
    ['id'],
  ],
  ['newest', "write: { disposition: 'merge', key: ['sale_id'], newest: '¦' }", keyables],
  ['the names of columns', `columns: { ¦ }, ${append}`, columns],
  ['the masks', `columns: { payload: text().mask('¦') }, ${append}`, ['redact', 'sha256']],
  ["the dimension's key", `columns: { found: lookup(stores, { ¦ }) }, ${append}`, ['region?', 'store_id?']],
  ["the rest of the dimension's key", `columns: { found: lookup(stores, { store_id: 'store_id', ¦ }) }, ${append}`, ['region?']],
  [
    'what becomes of unknown keys',
    `columns: { found: lookup(stores, { store_id: 'store_id', region: 'payload' }, { unknown: '¦' }) }, ${append}`,
    ['reject', 'stub'],
  ],
  ['the column of a check', `${append}, checks: [between('¦', 1, 2)]`, columns],
  ['the column of a second check', `${append}, checks: [notNull('payload'), oneOf('¦', [1])]`, columns],
  [
    'the column of a check of declared columns',
    `columns: { id: bigint().from('sale_id') }, ${append}, checks: [notNull('¦')]`,
    ['id'],
  ],
  ['what a failed check does', `${append}, checks: [between('sale_id', 1, 2, { onFail: '¦' })]`, ['fail', 'warn']],
])('an editor offers %s', async (_, options, expected) => {
  expect(await offered(options)).toEqual(expected)
})

test('an editor offers no replace where only new rows are read', async () => {
  expect(await offered("write: { disposition: '¦' }", 'changes')).toEqual(['append', 'insert_only', 'merge'])
})

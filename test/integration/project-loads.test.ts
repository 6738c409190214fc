import { afterEach, describe, expect, test } from 'vitest'
import { isSluiceError, type SluiceError } from '../../src/errors.ts'
import type { LoadScript } from '../../src/model/script.ts'
import { openProject, type Project } from '../../src/project/open-project.ts'
import { type ProjectFolder, projectFolder } from '../project-folder.ts'

const config = `
import { csv, duckdb, extract, localFiles, localLake, project, sqlite, sqliteControl } from 'sluice-etl'
export const shop = sqlite({ path: 'shop.db' })
export const drop = localFiles({ folder: 'drop' })
export default project({
  name: 'p', timeZone: 'UTC',
  lake: localLake('data/lake'), warehouse: duckdb('data/p.duckdb'), control: sqliteControl('data/control.db'),
})
`
const extractSales = `
import { bigint, csv, decimal, extract, integer, text, timestamp } from 'sluice-etl'
import { drop } from '../sluice.config.ts'
export default extract(drop.newest('s-*.csv', { format: csv(), columns: {
  sale_id: bigint(), updated_at: timestamp(), store: integer().optional(), region: text(), price: decimal(12, 2), status: text(10).optional(),
} }), { description: 'Sales' })
`
const extractStores = `
import { csv, extract, integer, text } from 'sluice-etl'
import { drop } from '../sluice.config.ts'
export default extract(drop.newest('t-*.csv', { format: csv(), columns: { id: integer(), region: text(), name: text() } }), { description: 'Stores' })
`
const loadStores = `
import { load } from 'sluice-etl'
import stores from '../extract/stores.ts'
export default load(stores, { into: 'dim_store', write: { disposition: 'replace', key: ['region', 'id'], surrogateKey: 'store_key', allowEmpty: true } })
`
/** A load of the sales under load/, which comes before its dimension by its name. */
const loadFacts = (options: string) => `
import { between, bigint, computed, decimal, expression, integer, load, lookup, matches, notNull, oneOf, smallint, text, timestamp } from 'sluice-etl'
import sales from '../extract/sales.ts'
import stores from './stores.ts'
export default load(sales, { into: 'facts', ${options} })
`
const append = "write: { disposition: 'append' }"
const base = {
  'sluice.config.ts': config,
  'extract/sales.ts': extractSales,
  'extract/stores.ts': extractStores,
  'load/stores.ts': loadStores,
}

let folder: ProjectFolder | undefined
afterEach(() => folder?.remove())

async function projectOf(files: Readonly<Record<string, string>>): Promise<Project> {
  folder = await projectFolder({ ...base, ...files })
  return openProject(folder.root, {})
}

async function factsOf(options: string): Promise<LoadScript> {
  const { scripts } = await projectOf({ 'load/facts.ts': loadFacts(options) })
  const script = scripts.find(({ id }) => id === 'load/facts')
  if (script?.kind !== 'load') throw new Error('There is no load/facts.')
  return script
}

async function refusal(files: Readonly<Record<string, string>>): Promise<SluiceError> {
  const error: unknown = await projectOf(files).then(
    () => new Error('nothing was refused'),
    (thrown: unknown) => thrown,
  )
  if (!isSluiceError(error)) throw error
  return error
}

describe('a load', () => {
  test('has its columns, finished and computed, in the order of the script', async () => {
    const { columns } = await factsOf(`columns: {
      id: bigint().from('sale_id'),
      state: text(10).from('status').optional().default('new'),
      who: integer().from('store').optional().mask('sha256'),
      cost: decimal(12, 2).default('0.50').from('price').mask('redact'),
      twice: computed(decimal(14, 2).optional(), 'cost * 2'),
    }, ${append}`)
    const none = { computed: undefined, default: undefined, mask: undefined, length: undefined }
    const money = { kind: 'decimal', precision: 12, scale: 2 }
    expect(columns).toEqual([
      { ...none, name: 'id', type: { kind: 'int64' }, nullable: false, from: 'sale_id' },
      { ...none, name: 'state', type: { kind: 'text' }, length: 10, nullable: true, from: 'status', default: 'new' },
      { ...none, name: 'who', type: { kind: 'int32' }, nullable: true, from: 'store', mask: 'sha256' },
      { ...none, name: 'cost', type: money, nullable: false, from: 'price', default: '0.50', mask: 'redact' },
      { ...none, name: 'twice', type: { ...money, precision: 14 }, nullable: true, from: 'twice', computed: 'cost * 2' },
    ])
  })

  test('looks up the default export of another file, by the whole key in its order, and comes after it', async () => {
    const options = `columns: {
      sale_id: bigint(),
      store_key: lookup(stores, { id: 'store', region: 'region' }, { unknown: 'stub' }).optional(),
      again_key: lookup(stores, { id: 'sale_id', region: 'status' }),
    }, write: { disposition: 'merge', key: ['sale_id'], surrogateKey: 'fact_key' }`
    const project = await projectOf({ 'load/facts.ts': loadFacts(options) })
    expect(project.scripts.map(({ id }) => id)).toEqual(['extract/sales', 'extract/stores', 'load/stores', 'load/facts'])
    const dimension = { dimension: 'load/stores', into: 'dim_store', surrogateKey: 'store_key' }
    expect(project.scripts.at(-1)).toMatchObject({
      dependsOn: ['extract/sales', 'load/stores'],
      columns: [{ name: 'sale_id' }],
      lookups: [
        {
          ...dimension,
          name: 'store_key',
          keys: [
            { column: 'region', from: 'region' },
            { column: 'id', from: 'store' },
          ],
          unknown: 'stub',
          nullable: true,
        },
        {
          ...dimension,
          name: 'again_key',
          keys: [
            { column: 'region', from: 'status' },
            { column: 'id', from: 'sale_id' },
          ],
          unknown: 'reject',
          nullable: false,
        },
      ],
    })
  })

  test.each([
    ['{ disposition: "append", surrogateKey: "k" }', { disposition: 'append', surrogateKey: 'k' }],
    [
      '{ disposition: "merge", key: ["sale_id"], newest: "updated_at" }',
      { disposition: 'merge', key: ['sale_id'], newest: 'updated_at' },
    ],
    [
      '{ disposition: "insert_only", key: ["sale_id"], surrogateKey: "k" }',
      { disposition: 'insert_only', key: ['sale_id'], surrogateKey: 'k' },
    ],
    ['{ disposition: "replace" }', { disposition: 'replace' }],
    [
      '{ disposition: "replace", key: ["sale_id"], allowEmpty: true }',
      { disposition: 'replace', key: ['sale_id'], allowEmpty: true },
    ],
  ])('writes %s', async (write, expected) => {
    const none = { key: [], newest: undefined, surrogateKey: undefined, allowEmpty: false }
    expect((await factsOf(`write: ${write}`)).write).toEqual({ ...none, ...expected })
  })

  test('has its checks, with values as exact text', async () => {
    const { checks } = await factsOf(`${append}, checks: [
      notNull('status', { onFail: 'warn' }),
      between('price', -1, '99.50'),
      between('sale_id', 1, 9_000_000_000_000_000_000n, { onFail: 'fail' }),
      oneOf('status', ['a', 'b'], { onFail: 'warn' }),
      matches('region', '[A-Z]{2}'),
      expression('sane', 'price > 0 OR status IS NULL', { onFail: 'warn' }),
    ]`)
    expect(checks).toEqual([
      { kind: 'notNull', column: 'status', onFail: 'warn' },
      { kind: 'between', column: 'price', lowest: '-1', highest: '99.50', onFail: 'fail' },
      { kind: 'between', column: 'sale_id', lowest: '1', highest: '9000000000000000000', onFail: 'fail' },
      { kind: 'oneOf', column: 'status', values: ['a', 'b'], onFail: 'warn' },
      { kind: 'matches', column: 'region', pattern: '[A-Z]{2}', onFail: 'fail' },
      { kind: 'sql', name: 'sane', condition: 'price > 0 OR status IS NULL', onFail: 'warn' },
    ])
  })
})

describe('what only a run can see is refused', () => {
  test.each([
    ['a number of too many bits', 'store: smallint().optional().default(40_000)', "'40000' is not a value of smallint"],
    [
      'a number that lost digits',
      'sale_id: bigint().default(12345678901234567890)',
      "'12345678901234567000' is not a value of bigint",
    ],
    ['a digit too much', "price: decimal(12, 2).default('0.125')", "'0.125' is not a value of decimal(12, 2)"],
    [
      'a sum in floating point',
      'price: decimal(12, 2).default(0.1 + 0.2)',
      "'0.30000000000000004' is not a value of decimal(12, 2)",
    ],
    ['a long text', "status: text(3).default('none')", "'none' is not a value of text(3)"],
    [
      'a day that is none',
      "updated_at: timestamp().default('2025-02-30 00:00:00')",
      "'2025-02-30 00:00:00' is not a value of timestamp",
    ],
    ['an unknown mask', "status: text().mask('md5')", "'md5' is no mask; there are sha256, redact"],
    [
      'a computed column with a source',
      "a: computed(text().from('status'), '1')",
      "'a' is computed, so it comes from no column 'status'",
    ],
    ['a computed column of a length', "a: computed(text(3), '1')", "'a' is computed, which text() without a length can hold"],
    ['a computed column of nothing', "a: computed(text(), ' ')", "'a' is computed from nothing"],
    ['a lookup without pairs', 'a: lookup(stores)', "'by' are no columns of the dimension with ours"],
    ['a lookup of an extraction', "a: lookup(sales, { id: 'store' })", "'a' looks up a load that is no script of this project"],
    [
      'a stub misspelt',
      "a: lookup(stores, { id: 'store', region: 'region' }, { unknown: 'stubs' })",
      "'options.unknown' is neither 'reject' nor 'stub'",
    ],
  ])('in columns: %s', async (_, column, sentence) => {
    const { message, exitCode } = await refusal({ 'load/facts.ts': loadFacts(`columns: { ${column} }, ${append}`) })
    expect([message, exitCode]).toEqual([expect.stringContaining(`load/facts.ts: ${sentence}`), 78])
  })

  test.each([
    ['a bound of too many digits', "between('price', 0, '1.005')", "'1.005' is not a value of decimal(12, 2)"],
    ['a value too long', "oneOf('status', ['a', 'much too long'])", "'much too long' is not a value of text(10)"],
    ['a broken pattern', "matches('status', '[a')", "'values.0' is no regular expression"],
    ['an expression of nothing', "expression('sane', '')", "'values.1' is empty"],
    ['no list', "oneOf('status', 'a')", "'values' is not a list of values"],
    ['something else', "'status'", "'checks.0' is no check such as notNull()"],
    ['a misspelt reaction', "notNull('status', { onFail: 'stop' })", "'options.onFail' is neither 'fail' nor 'warn'"],
  ])('in checks: %s', async (_, check, sentence) => {
    const { message, exitCode } = await refusal({ 'load/facts.ts': loadFacts(`${append}, checks: [${check}]`) })
    expect([message, exitCode]).toEqual([expect.stringContaining(`load/facts.ts: ${sentence}`), 78])
  })

  test('a default in an extraction', async () => {
    const files = { 'extract/stores.ts': extractStores.replace('name: text()', "name: text().default('?')") }
    expect((await refusal(files)).message).toContain(
      "'columns.name' has a default or a mask, which only a column of a load can have",
    )
  })

  test('replace, of files of which only new ones are read', async () => {
    const files = {
      'extract/stores.ts': extractStores.replace('.newest(', '.new('),
    }
    expect(await refusal(files)).toMatchObject({ code: 'REPLACE_INCREMENTAL', exitCode: 78 })
  })

  test.each([
    ["write: { disposition: 'append' }", 'APPEND_WITH_OVERLAP', "{ column: 'updated_at', overlap: 60 }"],
    ["write: { disposition: 'replace' }", 'REPLACE_INCREMENTAL', "'updated_at'"],
    ["write: { disposition: 'replace', key: ['sale_id'] }", 'REPLACE_INCREMENTAL', "{ column: 'updated_at', overlap: 60 }"],
  ])('%s, with %s, of a cursor %s', async (write, code, cursor) => {
    const extract = `
import { extract } from 'sluice-etl'
import { shop } from '../sluice.config.ts'
export default extract(shop.table('sales'), { description: 'Sales', cursor: ${cursor} })
`
    const error = await refusal({ 'extract/sales.ts': extract, 'load/facts.ts': loadFacts(write) })
    expect([error.code, error.exitCode]).toEqual([code, 78])
    expect(error.hint).toContain('extract/sales')
  })
})

describe('a dimension', () => {
  const facts = loadFacts(`columns: { k: lookup(stores, { id: 'store', region: 'region' }) }, ${append}`)

  test('that is no script of the project is refused', async () => {
    const elsewhere = { 'load/facts.ts': facts.replace('./stores.ts', '../shared/stores.ts'), 'shared/stores.ts': loadStores }
    const error = await refusal(elsewhere)
    expect([error.code, error.message]).toEqual([
      'SCRIPT_INVALID',
      "load/facts.ts: 'k' looks up a load that is no script of this project.",
    ])
    expect(error.hint).toContain('under load/')
  })

  test('that looks up the fact that looks it up is refused with the way', async () => {
    const circle = { 'load/facts.ts': facts, 'load/stores.ts': `import './facts.ts'\n${loadStores}` }
    expect((await refusal(circle)).message).toBe(
      'Scripts import each other in a circle: load/facts.ts → load/stores.ts → load/facts.ts.',
    )
  })

  test('with a mistake of its own is named, not the fact', async () => {
    const broken = { 'load/facts.ts': facts, 'load/stores.ts': loadStores.replace("'region', 'id'", "'region', 'idd'") }
    expect((await refusal(broken)).message).toBe("load/stores.ts: 'idd' is not a column of the load. Did you mean 'id'?")
  })

  test('without a surrogate key is refused with the name of both', async () => {
    const without = { 'load/facts.ts': facts, 'load/stores.ts': loadStores.replace("surrogateKey: 'store_key', ", '') }
    const error = await refusal(without)
    expect(error.message).toBe("load/facts.ts: the dimension has no surrogateKey: 'k' looks up load/stores.")
    expect(error.hint).toContain('load/stores')
  })

  test('changes the hash of the fact when it changes', async () => {
    const hashOf = async (files: Readonly<Record<string, string>>) =>
      (await projectOf(files)).scripts.find(({ id }) => id === 'load/facts')?.contentHash
    const before = await hashOf({ 'load/facts.ts': facts })
    await folder?.remove()
    expect(await hashOf({ 'load/facts.ts': facts, 'load/stores.ts': `${loadStores}// changed\n` })).not.toBe(before)
  })
})

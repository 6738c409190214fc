import { describe, expect, test } from 'vitest'
import { base, extractSales, loadSales, projectOf, refusal, refusalByNode, scriptOf } from '../fixtures/sales-project.ts'

describe('scripts', () => {
  test('are read with the defaults, in topological order', async () => {
    const project = await projectOf({ ...base, 'marts/by_day.sql': 'SELECT count(*) AS lines FROM target.fact_sales' })
    expect(project.scripts.map(({ id }) => id)).toEqual(['extract/sales', 'load/sales', 'mart/by_day'])
    expect(scriptOf(project, 'extract/sales')).toMatchObject({
      frequency: 'daily',
      resource: { source: 'shop', locator: 'sales', options: {}, columns: undefined },
      cursor: { column: 'updated_at', overlap: undefined, nulls: 'reject' },
    })
    expect(scriptOf(project, 'load/sales')).toMatchObject({
      extract: 'extract/sales',
      dependsOn: ['extract/sales'],
      description: 'Loads extract/sales into fact_sales',
      columns: undefined,
      rejectLimit: 0,
    })
  })

  test('of files have the options that the source understands', async () => {
    const script = `
import { csv, decimal, extract, text } from 'sluice-etl'
import { drop } from '../sluice.config.ts'
export default extract(drop.newest('s-*.csv', {
  format: csv({ delimiter: ';' }), newestBy: 'modified', allowEmpty: true,
  columns: { name: text(20).from('Name'), price: decimal(10, 2).optional() },
}), { description: 'Stores', frequency: 'weekly:mon', owner: 'me' })
`
    const project = await projectOf({ ...base, 'extract/stores.ts': script })
    expect(scriptOf(project, 'extract/stores')).toMatchObject({
      frequency: 'weekly:mon',
      owner: 'me',
      resource: {
        source: 'drop',
        locator: 's-*.csv',
        options: { select: 'newest', newestBy: 'modified', allowEmpty: true, format: { kind: 'csv', delimiter: ';' } },
        columns: [
          { name: 'name', type: { kind: 'text' }, length: 20, nullable: false, from: 'Name' },
          { name: 'price', type: { kind: 'decimal', precision: 10, scale: 2 }, length: undefined, nullable: true, from: 'price' },
        ],
      },
    })
  })

  test.each([
    [
      'a syntax error in TypeScript',
      { 'load/sales.ts': 'const a = 1\nexport default {\n  b: 1,,\n}\n' },
      'load/sales.ts, line 3',
    ],
    [
      'a syntax error in JavaScript',
      { 'load/sales.ts': loadSales, 'load/other.js': 'const a = 1\n\nexport default {,}\n' },
      'load/other.js, line 3',
    ],
    [
      'an import of what is not exported',
      { 'load/sales.ts': "import { load } from 'sluice-etl'\nimport { x } from '../extract/sales.ts'\nexport default x\n" },
      'load/sales.ts, line 2',
    ],
    [
      'an import of a file that is not there',
      { 'load/sales.ts': "import { load } from 'sluice-etl'\nimport x from '../extract/salez.ts'\nexport default x\n" },
      'load/sales.ts, line 2',
    ],
    ['an exception', { 'load/sales.ts': "export default 1\nthrow new Error('too bad')\n" }, 'load/sales.ts, line 2: too bad'],
    [
      'an error in a file that it imports',
      { 'load/sales.ts': "import './shared.mts'\n", 'load/shared.mts': 'export const a = (\n' },
      'load/shared.mts, line',
    ],
    ['no default export', { 'load/sales.ts': 'export const a = 1\n' }, 'load/sales.ts has no load(…) as its default export'],
    ['an extraction under load', { 'load/sales.ts': extractSales }, 'load/sales.ts has no load(…) as its default export'],
    ['a name that no script may have', { 'load/sales 1.ts': loadSales }, 'load/sales 1.ts cannot be the name of a script'],
    ['two files of one script', { 'load/sales.js': loadSales }, 'load/sales.js and load/sales.ts are both the script load/sales'],
    [
      'a script that another file exports',
      { 'extract/again.ts': "export { default } from './sales.ts'\n" },
      'extract/sales.ts exports the script extract/again again',
    ],
    [
      'an extraction that is no script',
      { 'load/sales.ts': loadSales.replace('../extract/sales.ts', '../shared/sales.ts'), 'shared/sales.ts': extractSales },
      'load/sales.ts loads an extraction that is no script of this project',
    ],
    [
      'a connection that is not exported',
      {
        'extract/sales.ts': extractSales.replace(
          "import { shop } from '../sluice.config.ts'",
          "import { sqlite } from 'sluice-etl'\nconst shop = sqlite({ path: 'x.db' })",
        ),
      },
      'extract/sales.ts reads no resource of a connection',
    ],
    [
      'a circle of imports',
      { 'extract/sales.ts': `import '../load/sales.ts'\n${extractSales}` },
      'circle: extract/sales.ts → load/sales.ts → extract/sales.ts',
    ],
  ])('with %s are refused by name', async (_, files, message) => {
    const error = await refusalByNode({ ...base, ...files })
    expect(error.code).toBe('SCRIPT_INVALID')
    expect(error.message).toContain(message)
    expect(error.hint).not.toBe('')
  })

  test.each([
    [
      'a number that is no length',
      "columns: { note: text(-1) }, write: { disposition: 'append' }",
      'CONFIG_INVALID',
      "'note' is text(-1)",
    ],
    [
      'a decimal of 39 digits',
      "columns: { note: decimal(39, 2) }, write: { disposition: 'append' }",
      'CONFIG_INVALID',
      "'note' is decimal(39, 2)",
    ],
    [
      'a column that is none',
      "columns: { note: 'text' }, write: { disposition: 'append' }",
      'CONFIG_INVALID',
      "'columns.note' is no column such as text()",
    ],
    [
      'a broken frequency',
      "frequency: 'sometimes', write: { disposition: 'append' }",
      'CONFIG_INVALID',
      '"sometimes" is none of always, daily',
    ],
    ['nothing to write', '', 'CONFIG_INVALID', "'write' is missing in the options of load"],
    ['two mistakes', "rejectLimit: -1, write: { disposition: 'append', kee: 1 }", 'CONFIG_INVALID', "'rejectLimit' is under 0"],
  ])('that say %s in plain JavaScript are refused', async (_, options, code, sentence) => {
    const script = loadSales.replace(/into: .*$/m, `into: 'x', ${options} })`).replace('{ load }', '{ decimal, load, text }')
    const error = await refusal(projectOf({ ...base, 'load/sales.ts': script }))
    expect(error.code).toBe(code)
    expect(error.message).toContain(sentence)
  })

  test('that name a column nothing is near to are told which there are', async () => {
    const script = loadSales.replace(
      /into: .*$/m,
      "into: 'x', columns: { id: text(), day: text() }, write: { disposition: 'merge', key: ['store'] } })",
    )
    const error = await refusal(projectOf({ ...base, 'load/sales.ts': script.replace('{ load }', '{ load, text }') }))
    expect(error.message).toBe("load/sales.ts: 'store' is not a column of the load; there are id, day.")
  })

  test('of files with a cursor are refused', async () => {
    const script = `
import { csv, date, extract } from 'sluice-etl'
import { drop } from '../sluice.config.ts'
const days = drop.all('*.csv', { format: csv(), columns: { day: date() } })
export default extract(days, { description: 'Days', cursor: 'day' })
`
    const error = await refusal(projectOf({ ...base, 'extract/days.ts': script }))
    expect([error.code, error.message]).toEqual(['CURSOR_INVALID', 'extract/days.ts: files have no cursor.'])
  })
})

describe('content hashes', () => {
  const hashes = async (files: Readonly<Record<string, string>>) => {
    const { scripts } = await projectOf(files)
    return Object.fromEntries(scripts.map(({ id, contentHash }) => [id, contentHash]))
  }

  test('are the same in another folder, and follow what a script imports', async () => {
    const files = {
      ...base,
      'extract/sales.ts': `import '../shared/names.ts'\n${extractSales}`,
      'shared/names.ts': 'export const a = 1\n',
    }
    const first = await hashes(files)
    expect(await hashes(files)).toEqual(first)
    const changed = await hashes({ ...files, 'shared/names.ts': 'export const a = 2\n' })
    expect(changed['extract/sales']).not.toBe(first['extract/sales'])
    expect(changed['load/sales']).not.toBe(first['load/sales'])
    const other = await hashes({ ...files, 'load/sales.ts': `${loadSales}// changed\n` })
    expect(other['extract/sales']).toBe(first['extract/sales'])
    expect(other['load/sales']).not.toBe(first['load/sales'])
  })

  test('do not follow types', async () => {
    const files = {
      ...base,
      'extract/sales.ts': `import type { A } from '../shared/types.ts'\n${extractSales}export const a: A = 1\n`,
    }
    const first = await hashes({ ...files, 'shared/types.ts': 'export type A = number\n' })
    expect(await hashes({ ...files, 'shared/types.ts': 'export type A = 1 | 2\n' })).toEqual(first)
  })
})

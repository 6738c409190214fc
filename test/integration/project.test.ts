import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, describe, expect, test } from 'vitest'
import { isSluiceError, type SluiceError } from '../../src/errors.ts'
import { openProject, type Project } from '../../src/project/open-project.ts'
import { type ProjectFolder, projectFolder } from '../project-folder.ts'

const config = `
import { duckdb, env, localFiles, localLake, project, sqlite, sqliteControl } from 'sluice-etl'
export const shop = sqlite({ path: env('SHOP_DB') })
export const drop = localFiles({ folder: env('DROP_DIR') })
export default project({
  name: 'p', timeZone: 'UTC',
  lake: localLake('data/lake'), warehouse: duckdb('data/p.duckdb'), control: sqliteControl('data/control.db'),
})
`
const extractSales = `
import { extract } from 'sluice-etl'
import { shop } from '../sluice.config.ts'
export default extract(shop.table('sales'), { description: 'Sales', cursor: 'updated_at' })
`
const loadSales = `
import { load } from 'sluice-etl'
import sales from '../extract/sales.ts'
export default load(sales, { into: 'fact_sales', write: { disposition: 'merge', key: ['sale_id'], newest: 'updated_at' } })
`
const base = { 'sluice.config.ts': config, 'extract/sales.ts': extractSales, 'load/sales.ts': loadSales }

const folders: ProjectFolder[] = []
afterEach(async () => {
  for (const folder of folders.splice(0)) await folder.remove()
})

async function folderWith(files: Readonly<Record<string, string>>): Promise<ProjectFolder> {
  const folder = await projectFolder(files)
  folders.push(folder)
  return folder
}

async function projectOf(files: Readonly<Record<string, string>>, environment = {}): Promise<Project> {
  return openProject((await folderWith(files)).root, environment)
}

async function refusal(work: Promise<unknown>): Promise<SluiceError> {
  const error = await work.then(
    () => new Error('nothing was refused'),
    (thrown: unknown) => thrown,
  )
  if (!isSluiceError(error)) throw error
  return error
}

/** Opened by Node itself: the test runner would read the project's files in its own way. */
async function refusalByNode(files: Readonly<Record<string, string>>): Promise<Pick<SluiceError, 'code' | 'message' | 'hint'>> {
  const { root } = await folderWith(files)
  const module = JSON.stringify(new URL('../../src/project/open-project.ts', import.meta.url).href)
  const code = `const { openProject } = await import(${module})
    await openProject(${JSON.stringify(root)}, {}).then(
      () => console.log('{}'),
      ({ code, message, hint }) => console.log(JSON.stringify({ code, message, hint })),
    )`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', code])
  return JSON.parse(stdout)
}

const scriptOf = (project: Project, id: string) => project.scripts.find((script) => script.id === id)

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

describe('marts', () => {
  const mart = async (text: string, more: Readonly<Record<string, string>> = {}) =>
    scriptOf(await projectOf({ ...base, ...more, 'marts/m.sql': text }), 'mart/m')

  test('depend on what their SELECT names, wherever it names it', async () => {
    const select = `WITH x AS (SELECT * FROM mart.other), fact_sales AS (SELECT 1)
SELECT (SELECT count(*) FROM "target"."FACT_SALES") FROM x WHERE 'target.nothing' <> '' -- target.neither`
    const found = await mart(select, { 'marts/other.sql': 'SELECT 1 AS one' })
    expect(found?.dependsOn).toEqual(['load/sales', 'mart/other'])
  })

  test('are not parsed where the graph is not asked for', async () => {
    const { root } = await folderWith({
      ...base,
      'marts/m.sql': '-- depends: extract/sales\nSELECT * FROM target.fact_sales, x y z',
    })
    const { scripts } = await openProject(root, {}, { graph: false })
    expect(scripts.find(({ id }) => id === 'mart/m')?.dependsOn).toEqual(['extract/sales'])
    expect((await refusal(openProject(root, {}))).code).toBe('SCRIPT_INVALID')
  })

  test('do not depend on a table of their own that only has a name in common', async () => {
    const found = await mart('WITH fact_sales AS (SELECT 1 AS a) SELECT * FROM fact_sales')
    expect(found?.dependsOn).toEqual([])
  })

  test('say what they are in leading comments', async () => {
    const found = await mart(`-- description: Sales by day
-- Prose, such as this: it stays out.
-- materialized: view
-- balance: sum(amount) = target.fact_sales.amount
-- frequency: monthly:1
-- owner: me
-- depends: extract/sales

SELECT 1 AS amount -- not this: either
;
`)
    expect(found).toMatchObject({
      description: 'Sales by day',
      materialized: 'view',
      balance: { measure: 'amount', schema: 'target', table: 'fact_sales', column: 'amount' },
      frequency: 'monthly:1',
      owner: 'me',
      dependsOn: ['extract/sales'],
      select: 'SELECT 1 AS amount -- not this: either',
    })
  })

  test.each([
    ['a broken SELECT', 'SCRIPT_INVALID', '-- description: x\n\nSELECT 1\nFRO x y z', 'marts/m.sql, line 4: syntax error'],
    ['two statements', 'SCRIPT_INVALID', 'SELECT 1; SELECT 2', 'marts/m.sql, line 1: a mart is one SELECT, not 2'],
    ['another statement', 'SCRIPT_INVALID', 'DELETE FROM target.fact_sales', 'marts/m.sql, line 1: a mart is one SELECT'],
    ['nothing', 'SCRIPT_INVALID', '-- description: x', 'marts/m.sql: there is no SELECT'],
    ['a misspelt line', 'CONFIG_INVALID', '-- materialised: view\nSELECT 1', "Did you mean 'materialized'?"],
    ['a wrong materialization', 'CONFIG_INVALID', '-- materialized: cube\nSELECT 1', 'neither table nor view'],
    ['a wrong balance', 'CONFIG_INVALID', '-- balance: amount\nSELECT 1', 'is not like sum(amount) = target.sales.amount'],
    ['an unknown script', 'CONFIG_INVALID', '-- depends: load/salez\nSELECT 1', "Did you mean 'load/sales'?"],
  ])('with %s are refused', async (_, code, text, message) => {
    const error = await refusal(mart(text))
    expect(error.code).toBe(code)
    expect(error.message).toContain(message)
  })

  test('that depend on each other are refused', async () => {
    const error = await refusal(mart('SELECT * FROM mart.n', { 'marts/n.sql': 'SELECT * FROM mart.m' }))
    expect(error.message).toBe('Scripts depend on each other in a circle: mart/m → mart/n → mart/m.')
  })
})

describe('the project file', () => {
  const withConfig = (change: (text: string) => string) => projectOf({ ...base, 'sluice.config.ts': change(config) })

  test('may be JavaScript, and what it leaves out has defaults', async () => {
    const project = await projectOf({
      'sluice.config.js': config.replace(
        "name: 'p'",
        "name: 'p', schemas: { target: 'dw' }, retry: { attempts: 2 }, parallel: 3",
      ),
    })
    expect(project.settings).toEqual({
      project: 'p',
      timeZone: 'UTC',
      batches: 'implicit',
      batchDate: 'run-day',
      approval: false,
      leaseTtlMs: 60_000,
      parallel: 3,
      retry: { attempts: 2, firstDelayMs: 500, deadlineMs: 300_000 },
      schemas: { landing: 'landing', target: 'dw', mart: 'mart', audit: 'audit' },
      engineVersion: expect.stringMatching(/^\d+\.\d+\.\d+/),
    })
  })

  test('that is missing is named with the folder', async () => {
    const { root } = await folderWith({})
    const error = await refusal(openProject(root, {}))
    expect([error.code, error.message]).toEqual([
      'CONFIG_MISSING',
      `There is no sluice.config.ts or sluice.config.js in ${root}.`,
    ])
    expect((await refusal(openProject(join(root, 'nowhere'), {}))).code).toBe('CONFIG_MISSING')
  })

  test.each([
    [
      'a misspelt option',
      (text: string) => text.replace('timeZone', 'timezone'),
      "'timezone' does not exist in the options of project. Did you mean to write 'timeZone'?",
    ],
    [
      'an option without a near one',
      (text: string) => text.replace("name: 'p'", "name: 'p', colour: 1"),
      "'colour' does not exist in the options of project: name, timeZone",
    ],
    [
      'a misspelt inner option',
      (text: string) => text.replace("name: 'p'", "name: 'p', retry: { attemps: 1 }"),
      "Did you mean to write 'attempts'?",
    ],
    ['an unknown zone', (text: string) => text.replace("'UTC'", "'Mars/Base'"), '"Mars/Base" is no IANA time zone'],
    [
      'a lake that is none',
      (text: string) => text.replace("localLake('data/lake')", "duckdb('x')"),
      "'lake' is no lake such as localLake(…)",
    ],
    ['a missing part', (text: string) => text.replace(/control: .*/, ''), "'control' is missing in the options of project"],
    [
      'a misspelt option of a connection',
      (text: string) => text.replace('folder:', 'dir: 1, folder:'),
      "'dir' does not exist in the options of localFiles",
    ],
    [
      'no default export',
      (text: string) => text.replace('export default', 'export const p ='),
      'has no project({…}) as its default export',
    ],
    ['a syntax error', (text: string) => text.replace("'UTC',", "'UTC',,"), 'sluice.config.ts, line 6'],
  ])('with %s is refused', async (_, change, message) => {
    const error = await refusalByNode({ ...base, 'sluice.config.ts': change(config) })
    expect(error.code).toBe('CONFIG_INVALID')
    expect(error.message).toContain(message)
    expect(error.message).toContain('sluice.config.ts')
  })

  test('in two forms is refused', async () => {
    const error = await refusal(projectOf({ ...base, 'sluice.config.js': config }))
    expect(error.message).toContain('There are both sluice.config.ts and sluice.config.js')
  })

  test.each([
    [
      'a credential',
      "path: 'x.db', password: 'hunter2'",
      "the option 'password' of the connection shop is a credential and no secret()",
    ],
    ['a credential that is only env()', "path: 'x.db', apiKey: env('KEY')", "the option 'apiKey' of the connection shop"],
    ['a URL with a password', "path: 'postgres://me:hunter2@host/db'", "has a password in its option 'path'"],
  ])('with %s is refused, and the message does not show it', async (_, options, sentence) => {
    const error = await refusal(withConfig((text) => text.replace("path: env('SHOP_DB')", options)))
    expect(error.code).toBe('SECRET_LITERAL')
    expect(error.message).toContain(sentence)
    expect(JSON.stringify([error.message, error.hint, error.details])).not.toContain('hunter2')
  })
})

describe('check', () => {
  test('tries each part, and names what is not set and who reads it', async () => {
    const folder = await folderWith({ ...base, '.env.example': 'SHOP_DB=\n' })
    await mkdir(join(folder.root, 'drop'))
    await writeFile(join(folder.root, 'drop/a.csv'), 'a\n')
    const results = await (await openProject(folder.root, { DROP_DIR: 'drop' })).check()
    expect(results.map(({ name, ok, exitCode }) => [name, ok, exitCode])).toEqual([
      ['project file and scripts', true, 0],
      ['control store', true, 0],
      ['lake', true, 0],
      ['warehouse', true, 0],
      ['source drop', true, 0],
      ['source shop', false, 78],
    ])
    const shop = results.at(-1)
    expect(shop?.message).toBe(
      "The variable SHOP_DB is not set; it is read as the option 'path' of the connection shop (sqlite).",
    )
    expect(shop?.hint).toBe('Copy .env.example to .env beside the project file and fill in SHOP_DB.')
  })

  test('says what is wrong with a source in its own words', async () => {
    const project = await projectOf(base, { DROP_DIR: 'nowhere', SHOP_DB: 'no.db' })
    const [drop, shop] = (await project.check()).slice(-2)
    expect(drop?.message).toMatch(/nowhere is not there/)
    expect(shop?.message).toMatch(/There is no SQLite file .*no\.db/)
  })
})

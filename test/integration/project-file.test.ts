import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { openProject } from '../../src/project/open-project.ts'
import { base, config, folderWith, projectOf, refusal, refusalByNode, scriptOf } from '../fixtures/sales-project.ts'

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

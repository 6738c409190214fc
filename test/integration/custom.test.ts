import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openDuckdb } from '../../src/warehouses/duckdb/index.ts'
import { type RunOptions, runProjectFolder } from '../fixtures/run-project.ts'
import { type ProjectFolder, projectFolder } from '../project-folder.ts'

const config = `
import { duckdb, localLake, project, sqliteControl } from 'sluice-etl'
export default project({
  name: 'p', timeZone: 'UTC', leaseTtlMs: 5000, retry: { attempts: 3, firstDelayMs: 1 },
  lake: localLake('data/lake'), warehouse: duckdb('data/p.duckdb'), control: sqliteControl('data/control.db'),
})
`
const load = (write: string, more = '') => `
import { load } from 'sluice-etl'
import rates from '../extract/rates.ts'
export default load(rates, { into: 'rate', write: ${write}, ${more} })
`
/** The code of extract/rates.ts: what is imported, what is said, and what read() does. */
const extract = (columns: string, body: string, more = '') => `
import { appendFile } from 'node:fs/promises'
import { bigint, binary, boolean, date, decimal, double, extract, integer, json, text, time, timestamp, timestamptz, uuid } from 'sluice-etl'
const called = (text) => appendFile(new URL('../calls.txt', import.meta.url), text + '\\n')
export default extract({
  description: 'Rates', frequency: 'always', columns: { ${columns} }, ${more}
  async *read(context) {
    await called('read')
    ${body}
  },
})
`

let folder: ProjectFolder

beforeEach(async () => {
  folder = await projectFolder({ 'sluice.config.ts': config })
})
afterEach(() => folder.remove())

const batch = '2025-01-01'

async function run(options: Partial<RunOptions> = {}) {
  const outcomes = await runProjectFolder(folder.root, { batch, ...options })
  return Object.fromEntries(outcomes.map((outcome) => [outcome.script, outcome]))
}

async function rows(sql: string): Promise<readonly (readonly string[])[]> {
  const warehouse = await openDuckdb({ path: join(folder.root, 'data/p.duckdb') })
  try {
    return (await warehouse.query({ sql })).map((row) => Object.values(row).map(String))
  } finally {
    await warehouse.close()
  }
}

const calls = async () => (await readFile(join(folder.root, 'calls.txt'), 'utf8').catch(() => '')).split('\n').filter(Boolean)

async function lastLog(): Promise<string> {
  const names = (await readdir(join(folder.root, 'log'))).filter((name) => name.startsWith('extract-'))
  const latest = names.sort().at(-1) ?? ''
  return readFile(join(folder.root, 'log', latest), 'utf8')
}

async function write(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, text] of Object.entries(files)) await folder.write(path, text)
}

test('every type goes through exactly, staged as it is declared', async () => {
  const columns = `i: integer(), b: bigint(), d: decimal(20, 4), f: double(), ok: boolean(), t: text(), j: json(),
    day: date(), at: time(), ts: timestamp(), tz: timestamptz(), id: uuid(), bytes: binary(), note: text().optional()`
  await write({
    'extract/rates.ts': extract(
      columns,
      `yield { i: -1, b: 9007199254740993n, d: '1234567890123456.7890', f: 0.1, ok: true, t: 'ä😀', j: '{"a": 1.10}', day: '2024-02-29',
        at: '23:59:59.000001', ts: '2025-01-02 03:04:05.123456', tz: '2025-01-02T03:04:05+02:00',
        id: '0190a5b8-7d3c-7000-8000-000000000001', bytes: Uint8Array.of(0, 255) }
      yield [{ i: 2, b: '-9223372036854775808', d: 5n, f: -0, ok: false, t: '', j: 'null', day: '0001-01-01', at: '00:00:00',
        ts: '9999-12-31 23:59:59.999999', tz: '2025-01-02 00:00:00Z', id: '0190a5b8-7d3c-7000-8000-000000000002',
        bytes: new Uint8Array(0), note: undefined }]`,
    ),
    'load/rates.ts': load(`{ disposition: 'append' }`),
  })
  const outcomes = await run()
  expect(Object.values(outcomes).map(({ exitCode, error }) => [exitCode, error])).toEqual([
    [0, undefined],
    [0, undefined],
  ])
  const names = ['i', 'b', 'd', 'f', 'ok', 't', 'j', 'day', '"at"', 'ts', 'id', 'hex(bytes)', 'note']
  const shown = names.map((name) => `(${name})::VARCHAR`).join()
  expect(await rows(`SELECT ${shown}, (tz AT TIME ZONE 'UTC')::VARCHAR FROM target.rate ORDER BY i`)).toEqual([
    [
      '-1',
      '9007199254740993',
      '1234567890123456.7890',
      '0.1',
      'true',
      'ä😀',
      '{"a": 1.10}',
      '2024-02-29',
      '23:59:59.000001',
    ].concat('2025-01-02 03:04:05.123456', '0190a5b8-7d3c-7000-8000-000000000001', '00FF', 'null', '2025-01-02 01:04:05'),
    ['2', '-9223372036854775808', '5.0000', '-0.0', 'false', '', 'null', '0001-01-01', '00:00:00'].concat(
      '9999-12-31 23:59:59.999999',
      '0190a5b8-7d3c-7000-8000-000000000002',
      '',
      'null',
      '2025-01-02 00:00:00',
    ),
  ])
  const types = `SELECT data_type FROM information_schema.columns WHERE table_schema = 'landing' AND table_name = 'rates' AND column_name IN ('b', 'd', 'ts') ORDER BY column_name`
  expect(await rows(types)).toEqual([['BIGINT'], ['DECIMAL(20,4)'], ['TIMESTAMP']])
})

test('what does not fit is kept with code, column, value and row, and counted', async () => {
  await write({
    'extract/rates.ts': extract(
      'rate_id: bigint(), price: decimal(12, 2), title: text(3)',
      `yield [{ rate_id: 1, price: '1.10', title: 'abc' }, { rate_id: 2 ** 53, price: 0.1, title: 'abcd' }, { rate_id: 3, price: 1, extra: 1 }]`,
    ),
    'load/rates.ts': load(`{ disposition: 'append' }`, 'rejectLimit: 2'),
  })
  const outcomes = await run()
  expect(outcomes['extract/rates']).toMatchObject({ exitCode: 4 })
  expect(outcomes['extract/rates']?.ledger).toEqual([
    { hop: 'source-read', term: 'read', rows: 3 },
    { hop: 'read-staged', term: 'read', rows: 3 },
    { hop: 'read-staged', term: 'staged', rows: 1 },
    { hop: 'read-staged', term: 'rejected', rows: 2 },
  ])
  expect(outcomes['load/rates']).toMatchObject({ exitCode: 4 })
  const refused =
    'SELECT code, column_name, value, row_number, partition_name FROM audit.rejects ORDER BY row_number, column_name'
  expect(await rows(refused)).toEqual([
    ['MISFIT', 'price', '0.1', '2', 'extract/rates.ts'],
    ['MISFIT', 'rate_id', '9007199254740992', '2', 'extract/rates.ts'],
    ['TOO_LONG', 'title', 'abcd', '2', 'extract/rates.ts'],
    ['NULL_VALUE', 'title', 'null', '3', 'extract/rates.ts'],
  ])
  expect(await lastLog()).toContain('yields members that are no columns; they are left out: \\"extra\\" in 1 rows.')
})

test('nothing yielded is an empty package, which loads', async () => {
  await write({
    'extract/rates.ts': extract('rate_id: bigint()', 'if (context.batch === "") yield { rate_id: 1 }'),
    'load/rates.ts': load(`{ disposition: 'append' }`),
  })
  const outcomes = await run()
  expect(Object.values(outcomes).map(({ exitCode }) => exitCode)).toEqual([0, 0])
  expect(await rows('SELECT count(*) FROM target.rate')).toEqual([['0']])
})

describe('a cursor', () => {
  const reading = extract(
    'rate_id: bigint(), day: date()',
    `const { window } = context
    await called(\`\${window.lower} \${window.upper}\`)
    const days = (process.env.DAYS ?? '').split(',').filter(Boolean)
    const wanted = days.filter((day) => day >= (window.lower ?? '') && (window.upper === undefined || day < window.upper))
    for (const day of wanted) yield { rate_id: BigInt(day.slice(-2)), day }
    return { cursor: window.upper ?? process.env.NEXT }`,
    `cursor: 'day',`,
  )
  afterEach(() => {
    delete process.env['DAYS']
    delete process.env['NEXT']
  })
  const on = (days: string, next: string, options: Partial<RunOptions>) => {
    process.env['DAYS'] = days
    process.env['NEXT'] = next
    return run(options)
  }

  test('moves with the commit; a forced batch reads its own window again, whatever came since', async () => {
    await write({ 'extract/rates.ts': reading, 'load/rates.ts': load(`{ disposition: 'append' }`) })
    await on('2025-01-01,2025-01-02', '2025-01-03', { batch: '2025-01-01' })
    await on('2025-01-02,2025-01-03', '2025-01-04', { batch: '2025-01-02' })
    await on('2025-01-01,2025-01-02,2025-01-03,2025-01-04', '2025-01-09', { batch: '2025-01-01', force: true })
    await on('2025-01-03,2025-01-04', '2025-01-05', { batch: '2025-01-03' })
    expect((await calls()).filter((call) => call !== 'read')).toEqual([
      'undefined undefined',
      '2025-01-03 undefined',
      'undefined 2025-01-03',
      '2025-01-04 undefined',
    ])
    expect(await rows('SELECT rate_id, _batch_id::VARCHAR FROM target.rate ORDER BY 1')).toEqual([
      ['1', '2025-01-01'],
      ['2', '2025-01-01'],
      ['3', '2025-01-02'],
      ['4', '2025-01-03'],
    ])
  })

  test('does not move when rows would be read again; nothing is staged', async () => {
    await write({ 'extract/rates.ts': reading })
    await on('2025-01-01', '2025-01-02', { batch: '2025-01-01' })
    const { 'extract/rates': refused } = await on('2025-01-02,2025-01-05', '2025-01-05', { batch: '2025-01-02' })
    expect(refused).toMatchObject({ exitCode: 78, error: { code: 'CURSOR_INVALID' } })
    await on('2025-01-02,2025-01-05', '2025-01-06', { batch: '2025-01-02' })
    expect((await calls()).filter((call) => call !== 'read').slice(1)).toEqual(['2025-01-02 undefined', '2025-01-02 undefined'])
    expect(await readdir(join(folder.root, 'data/lake/rates/2025-01-02'))).toHaveLength(1)
  })
})

describe('a failure', () => {
  const rate = (body: string) => extract('rate_id: bigint()', body)

  test('of the code names script and line, keeps the stack in the log and no secret, and leaves nothing', async () => {
    await write({
      'lib/ask.ts': `export function ask(key) {\n  throw new TypeError('the key ' + key + ' is too old', { cause: new Error('deep') })\n}\n`,
      'extract/rates.ts': `import { ask } from '../lib/ask.ts'\n${rate(`yield { rate_id: 1 }\n    ask(context.secret('RATES_KEY'))`)}`,
    })
    const outcome = (await run({ environment: { RATES_KEY: 'hush-hush' } }))['extract/rates']
    expect(outcome).toMatchObject({
      exitCode: 69,
      error: {
        code: 'SOURCE_FAILED',
        message: 'The code of extract/rates.ts (in lib/ask.ts, line 2) failed: TypeError: the key *** is too old',
        hint: 'Correct lib/ask.ts, line 2; the log of the run has the whole stack.',
      },
    })
    const log = await lastLog()
    expect(log).toMatch(/TypeError: the key \*\*\* is too old\\n {4}at ask .*lib\/ask\.ts:2.*caused by Error: deep/)
    expect(log).not.toContain('hush-hush')
    expect(await calls()).toEqual(['read'])
    expect(await readdir(join(folder.root, 'data'), { recursive: true })).not.toContainEqual(expect.stringContaining('part-'))
    const control = await readFile(join(folder.root, 'data/control.db'), 'latin1')
    expect(control).not.toContain('hush-hush')
  })

  test('that the code calls retryable is tried again, from the beginning', async () => {
    await write({
      'extract/rates.ts': `import { SluiceError } from 'sluice-etl'\nlet tries = 0\n${rate(
        `yield { rate_id: 1 }
        if (++tries < 3) throw new SluiceError('SOURCE_UNREACHABLE', 'The rates are asleep.', { hint: 'Wait.' })`,
      )}`,
      'load/rates.ts': load(`{ disposition: 'append' }`),
    })
    const outcomes = await run()
    expect(Object.values(outcomes).map(({ exitCode }) => exitCode)).toEqual([0, 0])
    expect(await calls()).toEqual(['read', 'read', 'read'])
    expect(await rows('SELECT count(*) FROM target.rate')).toEqual([['1']])
  })

  test('a variable that is not set is named', async () => {
    await write({ 'extract/rates.ts': rate(`yield { rate_id: context.env('RATES_URL') }`) })
    expect((await run())['extract/rates']?.error).toMatchObject({
      code: 'VARIABLE_UNSET',
      message: 'The variable RATES_URL is not set; it is read as context.env() or context.secret() by custom code.',
    })
  })

  test('code that waits longer than a lease lives keeps it', async () => {
    await write({ 'extract/rates.ts': rate(`await new Promise((resolve) => setTimeout(resolve, 7000))\nyield { rate_id: 1 }`) })
    expect((await run())['extract/rates']).toMatchObject({ exitCode: 0, error: undefined })
  })

  test('a stop ends even code that hangs; the same command then does the work', async () => {
    await write({
      'extract/rates.ts': rate(`yield { rate_id: 1 }\n    if (context.env('MODE') === 'hang') await new Promise(() => {})`),
    })
    const controller = new AbortController()
    const hanging = run({ environment: { MODE: 'hang' }, signal: controller.signal })
    while ((await calls()).length === 0) await new Promise((resolve) => setTimeout(resolve, 20))
    controller.abort({ exitCode: 143 })
    expect((await hanging)['extract/rates']).toMatchObject({ exitCode: 143, error: { code: 'ABORTED' } })
    expect((await run({ environment: { MODE: 'go' } }))['extract/rates']).toMatchObject({ exitCode: 0 })
  })

  test('a process that is killed before or after its commit does only the missing work again', async () => {
    await write({ 'extract/rates.ts': rate('yield { rate_id: 1 }'), 'load/rates.ts': load(`{ disposition: 'append' }`) })
    await killed('extract.before-commit:kill')
    expect(await calls()).toEqual(['read'])
    await killed('extract.after-commit:kill')
    expect(await calls()).toEqual(['read', 'read'])
    const outcomes = await run()
    expect(outcomes['extract/rates']).toMatchObject({ status: 'DONE_BEFORE', exitCode: 0 })
    expect(outcomes['load/rates']).toMatchObject({ status: 'DONE', exitCode: 0 })
    expect(await calls()).toEqual(['read', 'read'])
    expect(await rows('SELECT rate_id FROM target.rate')).toEqual([['1']])
  })

  async function killed(failpoint: string): Promise<void> {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'custom-child.ts'), folder.root, batch], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { PATH: process.env['PATH'], SLUICE_FAILPOINT: failpoint },
    })
    let stderr = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
    })
    expect(await once(child, 'close')).toEqual([null, 'SIGKILL'])
    expect(stderr).toContain('reached, time 1: kill')
  }
})

describe('fetch', () => {
  let server: Server
  let answers: RequestListener[] = []
  let asked: { readonly url: string | undefined; readonly key: unknown }[] = []

  beforeEach(async () => {
    asked = []
    server = createServer((request, response) => {
      asked.push({ url: request.url, key: request.headers['x-key'] })
      const answer = answers.shift() ?? ((_, end) => void end.writeHead(500).end())
      answer(request, response)
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
  })
  afterEach(async () => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  })
  const url = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const json =
    (value: unknown): RequestListener =>
    (_, response) =>
      void response.end(JSON.stringify(value))
  const status =
    (code: number, headers = {}): RequestListener =>
    (_, response) =>
      void response.writeHead(code, headers).end('because')

  async function fetching(options: string, then = 'yield await answer.json()') {
    const body = `const answer = await context.fetch(context.env('URL') + '/rates?k=v', ${options})\n    ${then}`
    return again(extract('rate_id: bigint()', body))
  }

  /** In a folder of its own: what was imported once stays as it was. */
  async function again(text: string) {
    await folder.remove()
    folder = await projectFolder({ 'sluice.config.ts': config, 'extract/rates.ts': text })
    return (await run({ environment: { URL: url(), KEY: 'hush-hush' } }))['extract/rates']
  }

  test('brings whole answers, with the headers that are given, and waits where the server says so', async () => {
    answers = [status(429, { 'retry-after': '0' }), status(503), json([{ rate_id: 7 }])]
    const outcome = await fetching(`{ allowPrivate: true, headers: { 'x-key': context.secret('KEY') } }`)
    expect(outcome).toMatchObject({ exitCode: 0, error: undefined })
    expect(outcome?.ledger).toContainEqual({ hop: 'read-staged', term: 'staged', rows: 1 })
    expect(asked).toEqual(Array.from({ length: 3 }, () => ({ url: '/rates?k=v', key: 'hush-hush' })))
  })

  test('a status that is no success fails by name, unless it is listed', async () => {
    answers = [status(404)]
    expect((await fetching('{ allowPrivate: true }'))?.error).toMatchObject({
      code: 'RESOURCE_NOT_FOUND',
      message: `GET ${url()}/rates was answered with 404: because.`,
    })
    answers = [status(404)]
    const listed = await fetching('{ allowPrivate: true, statuses: [404] }', 'if (answer.status !== 404) yield {}')
    expect(listed).toMatchObject({ exitCode: 0 })
    answers = [status(204)]
    expect(await fetching('{ allowPrivate: true }', 'if (await answer.text() !== "") yield {}')).toMatchObject({ exitCode: 0 })
    answers = [status(500), status(500), status(500)]
    expect((await fetching('{ allowPrivate: true }'))?.error).toMatchObject({ code: 'SOURCE_UNREACHABLE' })
    expect(answers).toEqual([])
  })

  test('a POST is sent once, unless it only reads', async () => {
    answers = [status(503), json([{ rate_id: 1 }])]
    expect((await fetching(`{ allowPrivate: true, method: 'POST', body: '{}' }`))?.error).toMatchObject({
      code: 'SOURCE_FAILED',
    })
    answers = [status(503), json([{ rate_id: 1 }])]
    const again = await fetching(`{ allowPrivate: true, method: 'POST', body: '{}', idempotent: true }`)
    expect(again).toMatchObject({ exitCode: 0 })
  })

  test('a redirect to another origin, a private address and what is no address are refused', async () => {
    answers = [status(302, { location: 'http://127.0.0.2:1/' })]
    const redirected = await fetching(`{ allowPrivate: true, headers: { 'x-key': 'k' } }`)
    expect(redirected?.error).toMatchObject({ code: 'RESPONSE_INVALID', message: expect.stringContaining('another origin') })
    expect((await fetching('{}'))?.error?.message).toContain('is a private address; no connection was made')
    const wrong = async (address: string) => {
      return (await again(extract('rate_id: bigint()', `await context.fetch('${address}')\n    yield {}`)))?.error?.message
    }
    expect(await wrong('rates')).toBe('What fetch was given is no address.')
    expect(await wrong('file:///etc/passwd')).toBe('file:///etc/passwd is no http or https address.')
    expect(await wrong('https://user:hush@example.com/x')).toBe('https://example.com/x has credentials in it.')
  })
})

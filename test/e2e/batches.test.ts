import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type CliProject, cliProject } from '../fixtures/cli.ts'
import { changeShop, makeShop, smallEnvironment, smallShop, visibleState } from '../fixtures/small-shop.ts'

let project: CliProject
const sluice = (line: string) => project.sluice(line.split(' '), smallEnvironment)

beforeEach(async () => {
  project = await cliProject(smallShop)
  makeShop(project.folder)
  expect(await sluice('register')).toMatchObject({ exitCode: 0, stderr: '' })
})
afterEach(() => project.remove())

async function changes(sql: string): Promise<void> {
  changeShop(project.folder, sql)
  // The horizon is cut to the second.
  await wait(1_100)
}

test('two batches; a rerun changes nothing and returns the recorded code', async () => {
  expect((await sluice('run --batch 2025-01-01')).exitCode).toBe(4)
  await changes(
    "UPDATE orders SET amount = 9.99, updated_at = datetime('now') WHERE id = 1; INSERT INTO orders VALUES (7, datetime('now'), 2, 0.07, 'late')",
  )
  await writeFile(join(project.folder, 'files/city-2025-01-02.csv'), 'city_id,name\n3,Lima\n')
  expect((await sluice('run --batch 2025-01-02')).exitCode).toBe(0)
  const state = await visibleState(project.folder)
  expect(state['target.fact_orders']?.map((row) => JSON.parse(row)[0])).toEqual(['1', '2', '7'])
  expect(state['target.city']).toHaveLength(3)
  for (const [batch, exitCode] of [
    ['2025-01-01', 4],
    ['2025-01-02', 0],
  ] as const) {
    expect((await sluice(`run --batch ${batch}`)).exitCode).toBe(exitCode)
  }
  expect(await visibleState(project.folder)).toEqual(state)
})

test('--force reads the window again and publishes under a new sequence, to the same target', async () => {
  await sluice('run --batch 2025-01-01')
  const before = await visibleState(project.folder)
  expect((await sluice('load orders --batch 2025-01-01 --force')).exitCode).toBe(4)
  expect((await sluice('extract city --batch 2025-01-01 --force')).exitCode).toBe(4)
  expect((await sluice('load city --batch 2025-01-01')).exitCode).toBe(4)
  const after = await visibleState(project.folder)
  for (const table of ['target.fact_orders', 'target.city', 'audit.rejects']) expect(after[table]).toEqual(before[table])
  expect(after['audit.ledger']?.length).toBe((before['audit.ledger']?.length ?? 0) + 2)
})

test('an older batch after a newer one leaves the newer rows', async () => {
  await sluice('run --batch 2025-01-01')
  await changes("UPDATE orders SET amount = 9.99, updated_at = datetime('now') WHERE id = 1")
  await writeFile(join(project.folder, 'files/city-2025-01-02.csv'), 'city_id,name\n')
  expect((await sluice('extract orders --batch 2025-01-03')).exitCode).toBe(0)
  expect((await sluice('load orders --batch 2025-01-03')).exitCode).toBe(0)
  expect((await sluice('extract orders --batch 2025-01-02')).exitCode).toBe(0)
  expect((await sluice('load orders --batch 2025-01-02')).exitCode).toBe(0)
  const [row] = (await visibleState(project.folder))['target.fact_orders'] ?? []
  expect(row).toContain('"9.99"')
})

test('two runs of the graph at once: each step is done once, and both say how it ended', async () => {
  const ended = await Promise.all([sluice('run --batch 2025-01-01'), sluice('run --batch 2025-01-01')])
  const codes = ended.map(({ exitCode }) => exitCode).sort()
  expect(codes.every((code) => code === 4 || code === 73 || code === 77)).toBe(true)
  expect((await sluice('run --batch 2025-01-01')).exitCode).toBe(4)
  const state = await visibleState(project.folder)
  expect(state['done']).toHaveLength(5)
  expect(state['audit.ledger']).toHaveLength(3)
  expect(state['target.city']).toHaveLength(2)
})

test('a missing upstream is named with the command that clears it', async () => {
  const ended = await sluice('mart orders_by_city --batch 2025-01-01')
  expect(ended).toMatchObject({ exitCode: 77 })
  expect(ended.stderr).toContain('sluice load city --batch 2025-01-01')
})

test('--json prints one line a step, last on stdout, and --result-file writes the same', async () => {
  const ended = await sluice('run --select load/orders --batch 2025-01-01 --json --result-file result.jsonl')
  expect(ended.exitCode).toBe(4)
  const outcomes = ended.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(outcomes.map(({ script }) => script)).toEqual(['extract/orders', 'load/orders'])
  expect(await readFile(join(project.folder, 'result.jsonl'), 'utf8')).toBe(ended.stdout)
  expect((await sluice('run --select load/orders --batch 2025-01-01 --accept-rejects')).exitCode).toBe(0)
})

test('runs, ledger, log, decisions and batches can be looked at', async () => {
  await sluice('run --batch 2025-01-01')
  const runs = await sluice('audit runs load/orders')
  const [runId] = /[0-9a-f]{8}-[0-9a-f-]{27}/.exec(runs.stdout) ?? []
  expect(runs.stdout).toContain('SUCCESS')
  expect((await sluice(`audit ledger ${runId}`)).stdout).toMatch(/typed-target.*inserted.*2/)
  expect((await sluice(`audit log ${runId}`)).stdout).toContain('run began')
  await sluice('load orders --batch 2025-02-01')
  expect((await sluice('audit decisions')).stdout).toContain('UPSTREAM_NOT_DONE')
  expect((await sluice('batch list')).stdout).toContain('2025-01-01')
  expect((await sluice('check')).exitCode).toBe(0)
})

test.each([
  ['an unknown verb', 'extrct orders', 64, /extract/],
  ['an unknown option', 'run --bach 2025-01-01', 64, /--batch/],
  ['an unknown script', 'load nothing', 64, /load\/orders/],
  ['a batch that is no date', 'run --batch 2025-02-30', 64, /YYYY-MM-DD/],
])('%s', async (_, line, exitCode, says) => {
  const ended = await sluice(line)
  expect(ended.exitCode).toBe(exitCode)
  expect(ended.stderr).toMatch(says)
})

test('a cursor can be looked at, set back and forgotten', async () => {
  await sluice('extract orders --batch 2025-01-01')
  expect((await sluice('cursor show')).stdout).toMatch(/extract\/orders.*updated_at.*20\d\d-/)
  const set = ['cursor', 'set', 'orders', '2025-01-01 10:00:02', '--batch', '2025-01-01']
  expect(await project.sluice(set, smallEnvironment)).toMatchObject({ exitCode: 0, stderr: '' })
  expect((await sluice('cursor show orders')).stdout).toMatch(/2025-01-01 10:00:02.*by hand/)
  const ended = await sluice('extract orders --batch 2025-01-02 --json')
  expect(JSON.parse(ended.stdout).ledger).toContainEqual({ hop: 'source-read', term: 'read', rows: 1 })
  expect((await sluice('cursor reset orders')).exitCode).toBe(0)
  expect((await sluice('cursor show orders')).stdout).not.toContain('10:00:02')
  expect((await sluice('cursor show city')).exitCode).toBe(64)
})

test('preview shows rows, types and refusals, and leaves no trace', async () => {
  const ended = await sluice('preview orders --limit 2')
  expect(ended.stdout).toMatch(/1 +.*2025-01-01 10:00:00.*1\.10.*NULL/)
  expect(ended.stdout).toContain('DECIMAL(12,2)')
  expect(ended.stdout).toContain('row 3 is refused: MISFIT amount free')
  expect((await sluice('audit runs')).stdout).not.toContain('orders')
})

test('audit why answers as the gate would, with the command that clears a refusal', async () => {
  const refused = await sluice('audit why load/orders --batch 2025-01-01')
  expect(refused.stdout).toContain('sluice extract orders --batch 2025-01-01')
  expect((await sluice('audit decisions')).stdout).not.toContain('load/orders')
  await sluice('run --batch 2025-01-01')
  expect((await sluice('audit why load/orders --batch 2025-01-01')).stdout).toMatch(/is done for batch[\s\S]*SUCCESS/)
})

test('rejects can be shown whole and exported', async () => {
  await sluice('run --batch 2025-01-01')
  expect((await sluice('rejects show load/city')).stdout).toContain('raw: 3,ragged,line')
  expect((await sluice('rejects export --to rejects.jsonl')).exitCode).toBe(0)
  const lines = (await readFile(join(project.folder, 'rejects.jsonl'), 'utf8')).trim().split('\n')
  expect(lines.map((line) => JSON.parse(line).code).sort()).toEqual(['CAST', 'MISFIT', 'RAGGED'])
  expect((await sluice('rejects export --to rejects.jsonl')).exitCode).toBe(74)
})

import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { expect, test } from 'vitest'

const source = join(import.meta.dirname, '../src')

/** The table of `docs/architecture.md`: what each room may import besides itself and errors.ts. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  model: [],
  contracts: ['model'],
  columnar: ['model'],
  formats: ['model', 'columnar'],
  sql: ['model', 'contracts'],
  engine: ['model', 'contracts', 'columnar', 'sql'],
  sources: ['model', 'contracts', 'columnar', 'formats'],
  lakes: ['model', 'contracts'],
  'control-stores': ['model', 'contracts'],
  notifiers: ['model', 'contracts'],
  warehouses: ['model', 'contracts', 'sql', 'columnar'],
  airflow: ['model'],
  project: [
    'model',
    'contracts',
    'columnar',
    'formats',
    'sql',
    'engine',
    'sources',
    'lakes',
    'control-stores',
    'notifiers',
    'warehouses',
    'airflow',
  ],
  server: ['project', 'engine', 'contracts', 'model'],
  cli: ['project', 'engine', 'airflow', 'server', 'contracts', 'model'],
  testing: ['model', 'contracts', 'columnar'],
}

const adapterRooms = ['sources', 'lakes', 'control-stores', 'notifiers', 'warehouses']

interface Import {
  readonly from: string
  readonly to: string
}

function importsOf(file: string): readonly Import[] {
  const text = readFileSync(file, 'utf8')
  const paths = [...text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)].map((match) => match[1] ?? '')
  return paths.map((path) => ({ from: relative(source, file), to: relative(source, resolve(dirname(file), path)) }))
}

const room = (path: string) => (path.includes('/') ? path.slice(0, path.indexOf('/')) : '')

function forbidden({ from, to }: Import): boolean {
  if (to === 'errors.ts' || room(from) === '' || (room(from) === room(to) && !crossesAdapters(from, to))) return false
  return !(mayImport[room(from)] ?? []).includes(room(to))
}

/** In a room of adapters, `mysql/…` may not reach into `sqlite/…`. */
function crossesAdapters(from: string, to: string): boolean {
  if (!adapterRooms.includes(room(from))) return false
  const adapter = (path: string) => (path.split('/').length > 2 ? path.split('/')[1] : undefined)
  const [left, right] = [adapter(from), adapter(to)]
  return left !== undefined && right !== undefined && left !== right && right !== 'files' && right !== 'sql'
}

const files = readdirSync(source, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts'))
  .map((path) => join(source, path))

test('every import is in the table', () => {
  expect(files.length).toBeGreaterThan(20)
  const imports = files.flatMap(importsOf)
  expect(imports.length).toBeGreaterThan(50)
  expect(imports.filter(forbidden).map(({ from, to }) => `${from} -> ${to}`)).toEqual([])
})

test('every room is in the table', () => {
  const rooms = new Set(files.map((file) => room(relative(source, file))).filter((name) => name !== ''))
  expect([...rooms].filter((name) => !(name in mayImport))).toEqual([])
})

test('a planted import is found', () => {
  expect(forbidden({ from: 'lakes/local.ts', to: 'testing/lake-cases.ts' })).toBe(true)
  expect(forbidden({ from: 'sources/sqlite/read.ts', to: 'sources/mysql/read.ts' })).toBe(true)
  expect(forbidden({ from: 'engine/load.ts', to: 'sql/merge.ts' })).toBe(false)
})

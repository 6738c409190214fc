import { spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import * as index from '../src/index.ts'
import * as library from '../src/library.ts'
import * as testing from '../src/testing.ts'

const root = join(import.meta.dirname, '..')
let declarations = ''

beforeAll(async () => {
  declarations = await mkdtemp(join(tmpdir(), 'sluice-declarations-'))
  const compiler = join(root, 'node_modules/typescript/bin/tsc')
  const options = ['-p', join(root, 'tsconfig.build.json'), '--emitDeclarationOnly', '--outDir', declarations, '--singleThreaded']
  spawnSync(process.execPath, [compiler, ...options], { cwd: root })
}, 60_000)
afterAll(() => rm(declarations, { recursive: true, force: true }))

const comments = /[ \t]*\/\*\*[\s\S]*?\*\/\n?/g
const statementStart = /\n(?=(?:export|declare|interface|type|import|class|function|const) )/
const statementName = /^(?:export )?(?:declare )?(?:abstract )?(?:class|function|const|interface|type) (\w+)/

/** What an entry exports, each name with what is declared for it, comments aside. */
async function declared(file: string): Promise<readonly string[]> {
  const text = await readFile(join(declarations, file), 'utf8')
  const found: string[] = []
  for (const [, names = '', from = ''] of text.matchAll(/export (?:type )?(\*|\{[^}]*\}) from '([^']+)'/g)) {
    const module = join(dirname(file), from).replace(/\.ts$/, '.d.ts')
    if (names === '*') found.push(...(await declared(module)))
    else found.push(...(await statements(module, names.match(/\w+/g) ?? [])))
  }
  return found
}

async function statements(module: string, names: readonly string[]): Promise<readonly string[]> {
  const text = (await readFile(join(declarations, module), 'utf8')).replace(comments, '')
  const all = text.split(statementStart).map((statement) => statement.trim())
  return names.flatMap((name) => {
    const own = all.filter((statement) => statementName.exec(statement)?.[1] === name)
    if (own.length === 0) throw new Error(`${module} declares no ${name}.`)
    return own
  })
}

function kindOf(value: unknown): string {
  return typeof value === 'function' && /^class\b/.test(String(value)) ? 'class' : typeof value
}

const entries = { index, library, testing }

test.each(Object.keys(entries) as (keyof typeof entries)[])('%s exports what it did', async (name) => {
  const kinds = Object.entries(entries[name]).map(([member, value]) => `${member}: ${kindOf(value)}`)
  const types = await declared(`${name}.d.ts`)
  expect(kinds.length).toBeGreaterThan(1)
  expect(types.length).toBeGreaterThan(kinds.length)
  const text = `${kinds.sort().join('\n')}\n\n${types.join('\n\n')}\n`
  await expect(text).toMatchFileSnapshot(`public-api/${name}.txt`)
})

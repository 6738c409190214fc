import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type CliProject, cliProject } from '../fixtures/cli.ts'

const root = join(import.meta.dirname, '../..')
const pages = ['README.md', ...readdirSync(join(root, 'docs')).map((name) => join('docs', name))].filter((name) =>
  name.endsWith('.md'),
)

interface Block {
  readonly page: string
  readonly language: string
  readonly text: string
}

function blocksOf(page: string): readonly Block[] {
  const matches = readFileSync(join(root, page), 'utf8').matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)
  return [...matches].map(([, language = '', text = '']) => ({ page, language, text }))
}

const blocks = pages.flatMap(blocksOf)
const files = Object.fromEntries(
  blocksOf('README.md').flatMap(({ language, text }) => {
    const path = language === 'ts' ? /^\/\/ (\S+)\n/.exec(text)?.[1] : undefined
    return path === undefined ? [] : [[path, text]]
  }),
)

let project: CliProject

beforeAll(async () => {
  project = await cliProject(files)
  const database = new DatabaseSync(join(project.folder, 'shop.db'))
  database.exec(`CREATE TABLE sales (sale_id INTEGER NOT NULL, updated_at TIMESTAMP NOT NULL, AMT DECIMAL(12,2) NOT NULL, note TEXT);
    INSERT INTO sales VALUES (1, '2025-01-01 10:00:00', 1.10, NULL), (2, '2025-01-01 10:00:01', 22222222.22, 'x')`)
  database.close()
})
afterAll(() => project.remove())

test('the README has a whole project', () => {
  expect(Object.keys(files).sort()).toEqual(['extract/sales.ts', 'load/sales.ts', 'sluice.config.ts'])
})

test('the README project passes the compiler', async () => {
  const paths = { 'sluice-etl': [join(root, 'src/index.ts')] }
  const types = [join(root, 'node_modules/@types')]
  const compilerOptions = { paths, typeRoots: types, rootDir: '/' }
  await project.write({
    'tsconfig.json': JSON.stringify({
      extends: join(root, 'tsconfig.json'),
      compilerOptions,
      include: ['*.ts', 'extract', 'load'],
    }),
  })
  const compiler = join(root, 'node_modules/typescript/bin/tsc')
  const result = spawnSync(process.execPath, [compiler, '-p', project.folder, '--noEmit'], { encoding: 'utf8' })
  expect(result.stdout).toBe('')
  expect(result.status).toBe(0)
})

test('the commands of the README run, in their order', async () => {
  const commands = blocksOf('README.md')
    .filter(({ language }) => language === 'sh')
    .flatMap(({ text }) => text.split('\n').filter((line) => line.startsWith('sluice ')))
  expect(commands.length).toBeGreaterThan(2)
  for (const command of commands) {
    const ended = await project.sluice(command.split(' ').slice(1), { SHOP_DB: 'shop.db' })
    expect({ command, exitCode: ended.exitCode, stderr: ended.stderr }).toEqual({ command, exitCode: 0, stderr: '' })
  }
})

test('every command that the docs show is a verb with help', async () => {
  const text =
    blocks.map((block) => block.text).join('\n') + pages.map((page) => readFileSync(join(root, page), 'utf8')).join('\n')
  const verbs = new Set([...text.matchAll(/sluice(?:\.js)? ((?:audit |batch |rejects )?[a-z]+)/g)].map((match) => match[1] ?? ''))
  const help = (await project.sluice(['--help'])).stdout
  const known = [...help.matchAll(/^ {2}([a-z]+)/gm)].map((match) => match[1] ?? '')
  const shown = [...verbs].filter((verb) => known.includes(verb.split(' ')[0] ?? ''))
  expect(shown.length).toBeGreaterThan(4)
  for (const verb of shown) {
    const ended = await project.sluice([...verb.split(' '), '--help'])
    expect({ verb, exitCode: ended.exitCode }).toEqual({ verb, exitCode: 0 })
    expect(ended.stdout).toContain('Example')
  }
})

import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type CliProject, cliProject } from '../fixtures/cli.ts'

const root = join(import.meta.dirname, '../..')
const pages = [
  'README.md',
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' }).map((name) => join('docs', name)),
].filter((name) => name.endsWith('.md'))

interface Block {
  readonly page: string
  readonly language: string
  readonly text: string
}

function blocksOf(page: string): readonly Block[] {
  const matches = readFileSync(join(root, page), 'utf8').matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)
  return [...matches].map(([, language = '', text = '']) => ({ page, language, text }))
}

/** The files of a page: the blocks that begin with their path. */
function filesOf(page: string): Readonly<Record<string, string>> {
  const named = blocksOf(page).flatMap(({ language, text }) => {
    const path = language === 'ts' ? /^\/\/ (\S+)\n/.exec(text)?.[1] : undefined
    return path === undefined ? [] : [[path, text] as const]
  })
  return Object.fromEntries(named)
}

const environment = { SHOP_DB: 'shop.db', STORES_DIR: 'stores' }

function makeSources(folder: string): void {
  const database = new DatabaseSync(join(folder, 'shop.db'))
  database.exec(`CREATE TABLE sales (sale_id INTEGER NOT NULL, updated_at TIMESTAMP NOT NULL, AMT DECIMAL(12,2) NOT NULL, note TEXT,
      quantity INTEGER, email TEXT, store_id INTEGER);
    INSERT INTO sales VALUES (1, '2025-01-01 10:00:00', 1.10, NULL, NULL, 'a@example.org', 7),
      (2, '2025-01-01 10:00:01', 22222222.22, 'x', 3, NULL, 1)`)
  database.close()
  mkdirSync(join(folder, 'stores'))
  writeFileSync(join(folder, 'stores/stores-2025-01-01.csv'), 'store_id,name\n1,Boston\n')
}

describe.each([
  ['README.md', 3],
  ['docs/loads.md', 5],
])('the project of %s', (page, files) => {
  let project: CliProject

  beforeAll(async () => {
    project = await cliProject(filesOf(page))
    makeSources(project.folder)
  })
  afterAll(() => project.remove())

  test('is whole', () => {
    expect(Object.keys(filesOf(page))).toHaveLength(files)
  })

  test('passes the compiler', async () => {
    const paths = { 'sluice-etl': [join(root, 'src/index.ts')] }
    const compilerOptions = { paths, typeRoots: [join(root, 'node_modules/@types')], rootDir: '/' }
    const config = { extends: join(root, 'tsconfig.json'), compilerOptions, include: ['*.ts', 'extract', 'load'] }
    await project.write({ 'tsconfig.json': JSON.stringify(config) })
    const compiler = join(root, 'node_modules/typescript/bin/tsc')
    const result = spawnSync(process.execPath, [compiler, '-p', project.folder, '--noEmit'], { encoding: 'utf8' })
    expect(result.stdout).toBe('')
    expect(result.status).toBe(0)
  })

  test('runs by the commands of the README', async () => {
    const commands = blocksOf('README.md')
      .filter(({ language }) => language === 'sh')
      .flatMap(({ text }) => text.split('\n').filter((line) => line.startsWith('sluice ')))
    expect(commands.length).toBeGreaterThan(2)
    for (const command of commands) {
      const ended = await project.sluice(command.split(' ').slice(1), environment)
      expect({ command, exitCode: ended.exitCode, stderr: ended.stderr }).toEqual({ command, exitCode: 0, stderr: '' })
    }
  })
})

test('every command that the docs show is a verb with help', async () => {
  const project = await cliProject({})
  const text = pages.map((page) => readFileSync(join(root, page), 'utf8')).join('\n')
  const verbs = new Set(
    [...text.matchAll(/sluice(?:\.js)? ((?:audit |batch |rejects |cursor )?[a-z]+)/g)].map((match) => match[1] ?? ''),
  )
  const help = (await project.sluice(['--help'])).stdout
  const known = [...help.matchAll(/^ {2}([a-z]+)/gm)].map((match) => match[1] ?? '')
  const shown = [...verbs].filter((verb) => known.includes(verb.split(' ')[0] ?? '') && verb !== 'help')
  expect(shown.length).toBeGreaterThan(4)
  for (const verb of shown) {
    const ended = await project.sluice([...verb.split(' '), '--help'])
    expect({ verb, exitCode: ended.exitCode }).toEqual({ verb, exitCode: 0 })
    expect(ended.stdout).toContain('Example')
  }
  await project.remove()
}, 60_000)

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { main } from './main.ts'

const source = join(import.meta.dirname, '..')
const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((path) => /(?<!\.test)\.ts$/.test(path))

afterEach(() => {
  vi.restoreAllMocks()
  process.exitCode = undefined
})

/** The verbs that the help of a command line lists, aliases and `help` included. */
async function verbsOf(...args: readonly string[]): Promise<readonly string[]> {
  let text = ''
  vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    text += String(chunk)
    return true
  })
  await main([...args, '--help'])
  vi.restoreAllMocks()
  const list = text.slice(text.indexOf('Commands:')).split('\n')
  return list.flatMap((line) => /^ {2}([a-z|]+)/.exec(line)?.[1]?.split('|') ?? [])
}

test('every command that a message or a hint names is there', async () => {
  const verbs = await verbsOf()
  expect(verbs).toEqual(expect.arrayContaining(['run', 'register', 'audit', 'batch']))
  const nested = new Map<string, readonly string[]>()
  for (const verb of ['audit', 'batch', 'rejects']) nested.set(verb, await verbsOf(verb))
  expect(nested.get('batch')).toEqual(expect.arrayContaining(['open', 'close', 'list']))

  const named = files.flatMap((file) =>
    [...readFileSync(join(source, file), 'utf8').matchAll(/\bsluice ([a-z]+)(?: ([a-z]+|\$\{verb\}))?/g)].map(
      ([command, verb = '', second = '']) => ({ file, command, verb, second }),
    ),
  )
  expect(named.length).toBeGreaterThan(20)
  const unknown = named.filter(({ verb, second }) => {
    const inner = nested.get(verb)
    return !verbs.includes(verb) || (inner !== undefined && !second.startsWith('$') && !inner.includes(second))
  })
  expect(unknown.map(({ file, command }) => `${file}: ${command}`)).toEqual([])
})

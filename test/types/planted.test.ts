import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { plantedMistakes } from './planted-mistakes.ts'

const root = join(import.meta.dirname, '../..')
const folder = join(import.meta.dirname, 'planted')

interface Message {
  readonly file: string
  /** The line's text from the marked column on. */
  readonly marked: string
  readonly firstLine: string
}

let messages: readonly Message[] = []

beforeAll(() => {
  const compiler = join(root, 'node_modules/typescript/bin/tsc')
  const options = ['-p', folder, '--noEmit', '--pretty', 'false', '--singleThreaded']
  const { stdout } = spawnSync(process.execPath, [compiler, ...options], { cwd: root, encoding: 'utf8' })
  messages = [...stdout.matchAll(/^(\S+)\((\d+),(\d+)\): error TS\d+: (.*)$/gm)].map(([, path = '', line, column, text = '']) => {
    const lines = readFileSync(join(root, path), 'utf8').split('\n')
    const marked = lines[Number(line) - 1]?.slice(Number(column) - 1) ?? ''
    return { file: relative(folder, join(root, path)), marked, firstLine: text }
  })
})

for (const { file, marked, firstLine, sentence } of plantedMistakes) {
  test(`the compiler refuses ${file} and names the mistake`, () => {
    const found = messages.filter((message) => message.file === file)
    expect(found).toHaveLength(1)
    expect(found[0]?.marked.slice(0, marked.length)).toBe(marked)
    const pattern = firstLine.split('…').map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
    expect(found[0]?.firstLine).toMatch(new RegExp(`^${pattern.join('.*')}$`))
    if (sentence !== undefined) expect(found[0]?.firstLine).toContain(sentence)
  })
}

test('nothing else is refused', () => {
  const planted = new Set(plantedMistakes.map(({ file }) => file))
  expect(messages.filter(({ file }) => !planted.has(file))).toEqual([])
})

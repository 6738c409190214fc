import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '../..')
const binary = join(root, 'bin/sluice.js')

function sluice(args: readonly string[], nodeOptions: readonly string[] = []) {
  return spawnSync(process.execPath, [...nodeOptions, binary, ...args], { encoding: 'utf8' })
}

function verbsOf(help: string): readonly string[] {
  const commands = help.slice(help.indexOf('Commands:'), help.indexOf('\nExample'))
  return help.includes('Commands:') ? [...commands.matchAll(/^ {2}([a-z]+)/gm)].map((match) => match[1] ?? '') : []
}

function allVerbs(before: readonly string[] = []): readonly (readonly string[])[] {
  const verbs = verbsOf(sluice([...before, '--help']).stdout).filter((name) => name !== 'help')
  return verbs.flatMap((name) => [[...before, name], ...allVerbs([...before, name])])
}

test('every verb has help with an example', () => {
  const verbs = allVerbs()
  expect(verbs.map((verb) => verb.join(' '))).toEqual(expect.arrayContaining(['run', 'audit runs', 'rejects list', 'batch open']))
  for (const verb of verbs) {
    const { status, stdout, stderr } = sluice([...verb, '--help'])
    expect({ verb, status, stderr }).toEqual({ verb, status: 0, stderr: '' })
    expect(stdout).toMatch(new RegExp(`Example:\\n {2}sluice ${verb[0]}`))
  }
}, 60_000)

test('--version is that of the package', () => {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  expect(sluice(['--version']).stdout.trim()).toBe(version)
})

test('an old Node gets one clear sentence', () => {
  const older = "data:text/javascript,Object.defineProperty(process.versions,'node',{value:'20.11.0'})"
  const { status, stderr, stdout } = sluice(['--help'], ['--import', older])
  expect({ status, stdout }).toEqual({ status: 78, stdout: '' })
  expect(stderr.trim().split('\n')).toEqual([expect.stringMatching(/Node 22\.18 or newer; this is Node 20\.11\.0/)])
})

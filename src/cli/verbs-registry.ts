import { userInfo } from 'node:os'
import type { Command } from 'commander'
import { SluiceError } from '../errors.ts'
import type { Script } from '../model/script.ts'
import type { Project } from '../project/open-project.ts'
import { print, printable, printTable } from './output.ts'
import { type Finish, projectOf, scriptsNamed, withControl } from './verb.ts'

/** `check`, `register`, `activate` and `deactivate`. */
export function defineRegistryVerbs(root: Command, finish: Finish): void {
  root
    .command('check')
    .alias('doctor')
    .description('Look whether the project can run: configuration, control store, lake, warehouse, sources')
    .addHelpText('after', '\nExample:\n  sluice check')
    .action(async (_options: unknown, command: Command) => finish(await check(command)))
  root
    .command('register [script...]')
    .description('Enter scripts into the registry (default: all), approving what they say now')
    .addHelpText('after', '\nExample:\n  sluice register extract/sales')
    .action(async (names: string[], _options: unknown, command: Command) => finish(await register(names, command)))
  for (const active of [true, false]) {
    const verb = active ? 'activate' : 'deactivate'
    root
      .command(`${verb} <script...>`)
      .description(active ? 'Let scripts run again' : 'Keep scripts from running')
      .addHelpText('after', `\nExample:\n  sluice ${verb} load/sales`)
      .action(async (names: string[], _options: unknown, command: Command) => finish(await setActive(names, active, command)))
  }
}

async function check(command: Command): Promise<number> {
  const project = await projectOf(command, true)
  const results = await project.check()
  await printTable(
    ['part', 'state', 'what to do'],
    results.map((result) => [result.name, result.ok ? 'ok' : result.message, result.ok ? '' : result.hint]),
  )
  for (const { name, notes } of results) for (const note of notes) print(`note on ${name}: ${printable(note)}`)
  return results.find((result) => !result.ok)?.exitCode ?? 0
}

async function register(names: readonly string[], command: Command): Promise<number> {
  const project = await projectOf(command)
  await registerScripts(project, names.length === 0 ? project.scripts : scriptsNamed(project, names, undefined))
  return 0
}

/** Enters scripts into the registry, approving what they say now. */
export async function registerScripts(project: Project, scripts: readonly Script[]): Promise<void> {
  const by = userInfo().username
  await withControl(project, async (control) => {
    for (const { id, name, kind, description, frequency, owner, contentHash } of scripts) {
      await control.scripts.register({ id, name, kind, description, frequency, owner, contentHash, approve: true, by })
      print(`registered ${id}`)
    }
  })
}

async function setActive(names: readonly string[], active: boolean, command: Command): Promise<number> {
  const project = await projectOf(command)
  const scripts = scriptsNamed(project, names, undefined)
  await withControl(project, async (control) => {
    for (const { id } of scripts) {
      if (!(await control.scripts.setActive(id, active))) {
        throw new SluiceError('NOT_REGISTERED', `${id} is not in the registry.`, { hint: `Run: sluice register ${id}` })
      }
      print(`${active ? 'activated' : 'deactivated'} ${id}`)
    }
  })
  return 0
}

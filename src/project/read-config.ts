import { stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { ControlStore } from '../contracts/control-store.ts'
import type { Lake } from '../contracts/lake.ts'
import type { Warehouse } from '../contracts/warehouse.ts'
import type { EngineSettings } from '../engine/context.ts'
import { SluiceError } from '../errors.ts'
import { type ConfiguredAdapter, controlStores, lakes, type SourceAdapter, sources, warehouses } from './adapters.ts'
import { checkOptions, refuse } from './check-options.ts'
import { customConnection } from './custom-adapter.ts'
import { CustomCode, isCustomCode } from './custom-extract.ts'
import { isDefinition, kindOf } from './definition.ts'
import { importModule } from './import-module.ts'
import type { ModuleGraph } from './module-graph.ts'
import { ownAdapter } from './own-adapter.ts'
import type { ProjectDefinition } from './project-definition.ts'
import { secretLiterals } from './secret-literals.ts'
import { engineSettings, projectOptions } from './settings.ts'

/** A part of the project, with its options as the project file gives them. */
export interface Part<Adapter> {
  readonly type: string
  readonly options: object
  readonly adapter: Adapter
}

/** What the project file says. */
export interface Config {
  readonly settings: EngineSettings
  readonly lake: Part<ConfiguredAdapter<Lake>>
  readonly warehouse: Part<ConfiguredAdapter<Warehouse>>
  readonly control: Part<ConfiguredAdapter<ControlStore>>
  /** By the names that the project file exports them under; besides them, custom code. */
  readonly sources: ReadonlyMap<string, Part<SourceAdapter>>
  /** The name of a connection that a script uses: of the same object. */
  sourceName(connection: object): string | undefined
}

/** Reads `sluice.config.ts` or `.js` of the folder. CONFIG_MISSING without one, CONFIG_INVALID or SECRET_LITERAL for what it says. */
export async function readConfig(root: string, graph: ModuleGraph): Promise<Config> {
  const file = await configFile(root)
  const reachable = await graph.reachable(file)
  const exported = await importModule({ root, file, code: 'CONFIG_INVALID', reachable })
  const name = basename(file)
  const { default: project } = exported
  if (!isDefinition<ProjectDefinition>(project, 'project')) {
    throw new SluiceError('CONFIG_INVALID', `${name} has no project({…}) as its default export.`, {
      hint: `Write export default project({ name: …, lake: …, warehouse: …, control: … }) in ${name}.`,
    })
  }
  const options = checkOptions(name, projectOptions, project.options)
  const connections = Object.entries(exported)
    .filter(([, value]) => kindOf(value) === 'source')
    .sort(([left], [right]) => (left < right ? -1 : 1))
  const names = new Map(connections.map(([source, value]) => [value, source]))
  const part = <Adapter extends ConfiguredAdapter<unknown>>(known: Known<Adapter>, described: Described, what: string) =>
    checkPart(name, known, described, what)
  return {
    settings: engineSettings(options),
    lake: part(lakes, options.lake, 'the lake'),
    warehouse: part(warehouses, options.warehouse, 'the warehouse'),
    control: part(controlStores, options.control, 'the control store'),
    sources: new Map([
      ...connections.map(
        ([source, value]) => [source, part(sourcesFor(value), value as Described, `the connection ${source}`)] as const,
      ),
      [customConnection, part(sources, new CustomCode(), customConnection)],
    ]),
    sourceName: (connection) => names.get(connection) ?? (isCustomCode(connection) ? customConnection : undefined),
  }
}

type Known<Adapter> = Readonly<Record<string, Adapter>>

interface Described {
  readonly type: string
  readonly options: object
}

function checkPart<Adapter extends ConfiguredAdapter<unknown>>(
  file: string,
  known: Known<Adapter>,
  { type, options }: Described,
  what: string,
): Part<Adapter> {
  const adapter = known[type]
  if (!adapter) {
    throw new SluiceError('CONFIG_INVALID', `${what} is of the type ${type}, which this version of Sluice does not know.`, {
      hint: `Use one of ${Object.keys(known).join(', ')}, or install a newer sluice-etl.`,
    })
  }
  refuse(file, secretLiterals(options ?? {}, what))
  checkOptions(file, adapter.options, options)
  return { type, options, adapter }
}

/** The kinds of sources that there are for a connection: one of the user's own brings its kind along. */
function sourcesFor(connection: unknown): Known<SourceAdapter> {
  const described = connection as Described
  const own = ownAdapter(described)
  return own ? { [described.type]: own } : sources
}

async function configFile(root: string): Promise<string> {
  const names = ['sluice.config.ts', 'sluice.config.js']
  const there = await Promise.all(names.map(async (name) => (await stat(join(root, name)).catch(() => undefined))?.isFile()))
  const [first, second] = names.filter((_, index) => there[index])
  if (first === undefined) {
    throw new SluiceError('CONFIG_MISSING', `There is no sluice.config.ts or sluice.config.js in ${root}.`, {
      hint: "Change to the project's folder, or name it with --project.",
      details: { folder: root },
    })
  }
  if (second === undefined) return join(root, first)
  throw new SluiceError('CONFIG_INVALID', `There are both ${first} and ${second} in ${root}.`, {
    hint: `Remove one of them: rm ${second}`,
  })
}

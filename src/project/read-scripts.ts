import { relative, sep } from 'node:path'
import { SluiceError } from '../errors.ts'
import type { ExtractScript, LoadScript } from '../model/script.ts'
import { checkExtract } from './check-extract.ts'
import { customConnection } from './custom-adapter.ts'
import { declaredColumns } from './declared-columns.ts'
import { isDefinition } from './definition.ts'
import type { ExtractDefinition } from './extract-definition.ts'
import type { ModuleGraph } from './module-graph.ts'
import type { Config } from './read-config.ts'
import { type ReadExtract, readLoads } from './read-loads.ts'
import { type ScriptFile, scriptFiles } from './script-files.ts'
import { definitionOf, refuseTwin, scriptHead } from './script-module.ts'

/**
 * Imports the scripts under `extract/` and `load/`, each once; which load belongs to which extraction is told by the
 * identity of what the files export. Throws what is wrong with the first file that something is wrong with.
 */
export async function readScripts(
  root: string,
  graph: ModuleGraph,
  config: Config,
): Promise<readonly (ExtractScript | LoadScript)[]> {
  const [extracts, loads] = [await scriptFiles(root, 'extract'), await scriptFiles(root, 'load')]
  for (const file of [...extracts, ...loads]) await refuseCircle(root, file, graph)
  const read = new Map<object, ReadExtract>()
  const scripts: ExtractScript[] = []
  for (const file of extracts) {
    const definition = await definitionOf<ExtractDefinition>(root, file, graph)
    refuseTwin(file, read.get(definition)?.script.id)
    const extract = readExtract(file, definition, config, await graph.contentHash(file.path))
    read.set(definition, extract)
    scripts.push(extract.script)
  }
  return [...scripts, ...(await readLoads(root, graph, loads, read))]
}

function readExtract(file: ScriptFile, definition: ExtractDefinition, config: Config, contentHash: string): ReadExtract {
  const { resource } = definition
  const source = isDefinition(resource, 'resource') ? config.sourceName(resource.source) : undefined
  const adapter = source === undefined ? undefined : config.sources.get(source)?.adapter
  if (source === undefined || !adapter) {
    throw new SluiceError('SCRIPT_INVALID', `${file.shown} reads no resource of a connection that the project file exports.`, {
      hint: 'Export the connection from sluice.config.ts, import it from there and pass what its table(), get(), newest() or all() gives.',
      details: { file: file.shown },
    })
  }
  const extract = checkExtract(file.shown, definition, adapter)
  const { description, frequency = 'daily', owner, cursor } = extract
  return {
    checked: extract,
    script: {
      ...scriptHead(file, contentHash, { description, frequency, owner }),
      kind: 'extract',
      resource: {
        source,
        locator: source === customConnection ? file.shown : resource.locator,
        options: extract.resource,
        columns: extract.columns && declaredColumns(extract.columns),
      },
      cursor,
    },
  }
}

async function refuseCircle(root: string, { path }: ScriptFile, graph: ModuleGraph): Promise<void> {
  const circle = await graph.circle(path)
  if (!circle) return
  const names = circle.map((file) => relative(root, file).split(sep).join('/'))
  throw new SluiceError('SCRIPT_INVALID', `Scripts import each other in a circle: ${names.join(' → ')}.`, {
    hint: `Take one of the imports out, such as that of ${names.at(-1)} in ${names.at(-2)}.`,
    details: { files: names },
  })
}

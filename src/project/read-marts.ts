import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import * as v from 'valibot'
import type { MartBalance, MartScript, Script, ScriptId } from '../model/script.ts'
import { type Fault, refuse, withNearMiss } from './check-options.ts'
import { frequency } from './frequency.ts'
import { type MartText, type TableReference, tablesOf } from './mart-tables.ts'
import { nearMiss } from './near-miss.ts'
import { type ScriptFile, scriptFiles } from './script-files.ts'

/** The layers' schemas, by which a mart's tables are recognised. */
interface Layers {
  readonly target: string
  readonly mart: string
}

interface ReadMart {
  readonly file: ScriptFile
  readonly text: MartText
  readonly said: ReadonlyMap<string, string>
  readonly contentHash: string
}

const keys = ['description', 'materialized', 'balance', 'frequency', 'depends', 'owner']

/**
 * Reads the SELECTs under `marts/`. A mart depends on the scripts of its line `-- depends:` and, with `parse`, on those that
 * write the tables that it names, as DuckDB's parser finds them.
 */
export async function readMarts(
  root: string,
  scripts: readonly Script[],
  layers: Layers,
  parse: boolean,
): Promise<readonly MartScript[]> {
  const files = await scriptFiles(root, 'mart')
  const read = await Promise.all(files.map(readMart))
  const tables = await tablesOf(parse ? read.map(({ text }) => text) : [])
  const writers = new Map<string, ScriptId[]>()
  for (const script of scripts) {
    if (script.kind === 'load') addWriter(writers, { schema: layers.target, table: script.into }, script.id)
  }
  for (const { file } of read) addWriter(writers, { schema: layers.mart, table: file.name }, file.id)
  const known = [...scripts.map(({ id }) => id), ...files.map(({ id }) => id)]
  return read.map((mart, index) => {
    const named = (tables[index] ?? []).flatMap((table) => writers.get(tableKey(table)) ?? [])
    return martScript(mart, named, known)
  })
}

function addWriter(writers: Map<string, ScriptId[]>, table: TableReference, id: ScriptId): void {
  writers.set(tableKey(table), [...(writers.get(tableKey(table)) ?? []), id])
}

function tableKey({ schema, table }: TableReference): string {
  return `${schema}.${table}`.toLowerCase()
}

async function readMart(file: ScriptFile): Promise<ReadMart> {
  const bytes = await readFile(file.path)
  const lines = bytes.toString('utf8').split(/\r?\n/)
  const rest = lines.findIndex((line) => line.trim() !== '' && !line.startsWith('--'))
  const header = lines.slice(0, rest < 0 ? lines.length : rest)
  const select = lines
    .slice(header.length)
    .join('\n')
    .replace(/[\s;]+$/, '')
  if (select === '') refuse(file.shown, [{ code: 'SCRIPT_INVALID', sentence: 'there is no SELECT' }])
  return {
    file,
    text: { shown: file.shown, select, firstLine: header.length + 1 },
    said: headerOf(file, header),
    contentHash: createHash('sha256').update(bytes).digest('hex'),
  }
}

function headerOf({ shown }: ScriptFile, lines: readonly string[]): ReadonlyMap<string, string> {
  const said = new Map<string, string>()
  for (const line of lines) {
    const [, key = '', value = ''] = /^--\s*([A-Za-z_]+)\s*:\s*(.*?)\s*$/.exec(line) ?? []
    if (keys.includes(key)) said.set(key, value)
    // Other words with a colon are prose.
    else if (key !== '' && nearMiss(key, keys) !== undefined) refuse(shown, [unknownKey(key)])
  }
  return said
}

function unknownKey(key: string): Fault {
  return { code: 'CONFIG_INVALID', sentence: withNearMiss(`'-- ${key}:' is no line that a mart knows`, key, keys) }
}

function martScript(mart: ReadMart, named: readonly ScriptId[], known: readonly ScriptId[]): MartScript {
  const { file, text, said, contentHash } = mart
  const { id, name, shown } = file
  const materialized = said.get('materialized') ?? 'table'
  const rhythm = said.get('frequency') ?? 'daily'
  const balance = balanceOf(said.get('balance'))
  const depends = (said.get('depends') ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
  const faults = [
    materialized === 'table' || materialized === 'view' ? '' : `'-- materialized: ${materialized}' is neither table nor view`,
    v.is(frequency, rhythm)
      ? ''
      : `'-- frequency: ${rhythm}' is none of always, daily, weekly:mon, monthly:1 and a cron expression`,
    balance === 'unreadable' ? `'-- balance: ${said.get('balance')}' is not like sum(amount) = target.sales.amount` : '',
    ...depends.map((part) => (known.some((script) => script === part) ? '' : noScript(part, known))),
  ]
  refuse(
    shown,
    faults.filter((sentence) => sentence !== '').map((sentence) => ({ code: 'CONFIG_INVALID', sentence })),
  )
  const dependsOn = [...new Set([...named, ...(depends as ScriptId[])])].filter((script) => script !== id).sort()
  return {
    id,
    name,
    kind: 'mart',
    description: said.get('description') ?? `The mart ${name}`,
    frequency: rhythm,
    owner: said.get('owner'),
    contentHash,
    dependsOn,
    select: text.select,
    materialized: materialized === 'view' ? 'view' : 'table',
    balance: balance === 'unreadable' ? undefined : balance,
  }
}

function noScript(name: string, known: readonly ScriptId[]): string {
  return withNearMiss(`'-- depends: ${name}' names no script of this project`, name, known)
}

function balanceOf(text: string | undefined): MartBalance | undefined | 'unreadable' {
  if (text === undefined) return undefined
  const [, measure, schema, table, column] = /^sum\(\s*(\w+)\s*\)\s*=\s*(\w+)\.(\w+)\.(\w+)$/i.exec(text) ?? []
  if (measure === undefined || schema === undefined || table === undefined || column === undefined) return 'unreadable'
  return { measure, schema, table, column }
}

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as v from 'valibot'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { generatedParts, optionsTable, typesTable, withGeneratedParts } from '../scripts/generate/generated-parts.ts'
import { type OptionsSource, optionRows } from '../scripts/generate/option-rows.ts'
import { pageParts } from '../scripts/generate/page-parts.ts'
import { structureOf } from '../scripts/generate/schema-values.ts'
import { setting } from '../src/project/option-schemas.ts'

const interfaces = `
import type { Base as Common, Choice } from './base.ts'
/** Options. */
export interface Options extends Omit<Common, 'hidden'>, Pick<Choice, 'order'> {
  /** Where it is; \`a | b\`. */
  readonly host: Setting
  readonly bare?: string
  /**
   * How it is paced, as
   * {@link Rate} says.
   */
  readonly rate?: {
    /** By default 10. */
    readonly perSecond?: number
  }
  /** How it logs in. */
  readonly auth?: Auth
}
type Auth =
  | {
      /** A name. */
      readonly type?: 'basic'
      /** Who. */
      readonly user: string
      /** Why. */
      readonly note?: string
    }
  | ({
      /** A token. */
      readonly type: 'bearer'
      /** The token. */
      readonly token: string
    } & Noted)
interface Noted {
  /** Why. */
  readonly note?: string
}
/** Takes its options where they stand. */
export function open(options: {
  /** The path. */
  readonly path: string
}): void {}
`
const base = `
export interface Base {
  /** How many. */
  readonly count?: number
  /** Not shown. */
  readonly hidden?: string
}
export interface Choice {
  /** Which first. */
  readonly order?: 'up' | 'down'
  /** Not picked. */
  readonly other?: string
}
`

let folder: string
let file: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-generate-'))
  file = join(folder, 'options.ts')
  await writeFile(file, interfaces)
  await writeFile(join(folder, 'base.ts'), base)
})
afterAll(() => rm(folder, { recursive: true }))

const count = v.exactOptional(v.pipe(v.pipe(v.number(), v.integer(), v.minValue(1)), v.maxValue(9)))
const documented = {
  count,
  order: v.exactOptional(v.picklist(['up', 'down'])),
  host: setting,
  rate: v.exactOptional(v.strictObject({ perSecond: v.exactOptional(v.number()) })),
  auth: v.exactOptional(
    v.variant('type', [
      v.strictObject({ type: v.literal('basic'), user: v.string(), note: v.exactOptional(v.string()) }),
      v.strictObject({ type: v.literal('bearer'), token: v.string(), note: v.exactOptional(v.string()) }),
    ]),
  ),
}

function source(entries: v.ObjectEntries, more: Partial<OptionsSource> = {}): OptionsSource {
  return { structure: structureOf(v.strictObject(entries)), file, types: ['Options'], ...more }
}

describe('a table of options', () => {
  test('names an option of the schema that has no doc comment, however deep it stands', () => {
    const entries = { ...documented, bare: v.exactOptional(v.string()) }
    expect(() => optionRows('options of x', source(entries))).toThrow(
      `The options of x and their doc comments differ.\n'bare' has no doc comment in ${file}.`,
    )
    const rate = v.strictObject({ perSecond: v.number(), perMinute: v.number() })
    expect(() => optionRows('options of x', source({ ...entries, rate }))).toThrow(
      `'rate.perMinute' has no doc comment in ${file}.`,
    )
  })

  test('names a documented option that the schema does not know', () => {
    const { order: _, ...entries } = documented
    const all = { ...entries, bare: v.string(), rate: v.exactOptional(v.strictObject({})) }
    const message = (name: string) => `'${name}' is described in ${file}, but the schema does not know it.`
    expect(() => optionRows('options of x', source(all))).toThrow(message('order'))
    expect(() => optionRows('options of x', source(all))).toThrow(message('rate.perSecond'))
  })

  test('says values and meaning of each, of nested ones, and of variants', async () => {
    const path = join(folder, 'whole.ts')
    await writeFile(path, interfaces.replace('  readonly bare?: string\n', ''))
    expect(optionsTable(optionRows('options of x', source(documented, { file: path })))).toBe(
      `
| option | values | meaning |
|---|---|---|
| \`count\` | whole number, 1 to 9 | How many. |
| \`order\` | \`'up'\`, \`'down'\` | Which first. |
| \`host\` (required) | text, \`env()\`, \`secret()\` | Where it is; \`a \\| b\`. |
| \`rate\` | object | How it is paced, as \`Rate\` says. |
| \`rate.perSecond\` | number | By default 10. |
| \`auth\` | object | How it logs in. |
| \`auth.type\` | \`'basic'\` | A name. |
| \`auth.user\` (required) | text | \`basic\`: Who. |
| \`auth.note\` | text | Why. |
| \`auth.type\` (required) | \`'bearer'\` | A token. |
| \`auth.token\` (required) | text | \`bearer\`: The token. |
`.trim(),
    )
  })

  test('can be of the options that stand in a function', () => {
    const rows = optionRows('options of open', source({ path: v.string() }, { types: ['open'] }))
    expect(rows).toEqual([{ name: 'path', isRequired: true, values: 'text', meaning: 'The path.' }])
  })

  test('refuses a type that is not declared, and values that nothing says how to show', () => {
    expect(() => optionRows('options of x', source({}, { types: ['Missing'] }))).toThrow(`${file} declares no type Missing.`)
    expect(() => optionRows('options of open', source({ path: v.custom(() => true) }, { types: ['open'] }))).toThrow(
      'Nothing says how to show the values of the type string.',
    )
    expect(() => optionRows('options of open', source({ path: v.date() }, { types: ['open'] }))).toThrow(
      'Nothing says how to show the values of a schema of the type date.',
    )
  })
})

test('a table of types puts neighbours of one type into one row', () => {
  const row = (declared: string, type: string, otherwise = '') => ({ declared, type, otherwise })
  expect(typesTable('server', [row('a', 'text'), row('b', 'text'), row('c', 'date', '`x`: text')])).toBe(
    '| server | type | with |\n|---|---|---|\n| a, b | `text` |  |\n| c | `date` | `x`: text |',
  )
})

test('a page keeps all but what is generated, and names a part that nothing generates', () => {
  const page =
    'Before\n<!-- generated: one -->\nold\n<!-- /generated -->\nbetween\n<!-- generated: two -->\n<!-- /generated -->\n'
  expect(generatedParts(page)).toEqual(['one', 'two'])
  const filled = withGeneratedParts('a.md', page, { one: () => '1 $& 1', two: () => '2' })
  expect(filled).toBe(
    'Before\n<!-- generated: one -->\n\n1 $& 1\n\n<!-- /generated -->\nbetween\n<!-- generated: two -->\n\n2\n\n<!-- /generated -->\n',
  )
  expect(() => withGeneratedParts('a.md', page, { one: () => '1' })).toThrow(
    'a.md asks for "two", which is not generated; there are: one.',
  )
})

test.each(Object.entries(pageParts))('the %s can be generated', (_, generate) => {
  expect(generate().split('\n').length).toBeGreaterThan(2)
})

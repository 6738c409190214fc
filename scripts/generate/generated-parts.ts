import type { OptionRow } from './option-rows.ts'
import type { TypeRow } from './type-rows.ts'

const part = /<!-- generated: (.+) -->\n[\s\S]*?<!-- \/generated -->/g

/**
 * The page with what is generated between `<!-- generated: name -->` and `<!-- /generated -->`; all else stays. Throws when
 * it names a part that there is none of.
 */
export function withGeneratedParts(path: string, page: string, parts: Readonly<Record<string, () => string>>): string {
  return page.replace(part, (_, name: string) => {
    const generate = parts[name]
    if (generate === undefined) {
      throw new Error(`${path} asks for "${name}", which is not generated; there are: ${Object.keys(parts).join(', ')}.`)
    }
    return `<!-- generated: ${name} -->\n\n${generate()}\n\n<!-- /generated -->`
  })
}

/** The names of the generated parts that a page has. */
export function generatedParts(page: string): readonly string[] {
  return [...page.matchAll(part)].map(([, name = '']) => name)
}

/** `| option | values | meaning |` */
export function optionsTable(rows: readonly OptionRow[]): string {
  const cells = rows.map(({ name, isRequired, values, meaning }) => [
    `\`${name}\`${isRequired ? ' (required)' : ''}`,
    values,
    meaning,
  ])
  return table(['option', 'values', 'meaning'], cells)
}

/** `| declared | type |`, with a third column where a policy makes something else of one of them. Neighbours of one type share a row. */
export function typesTable(server: string, rows: readonly TypeRow[]): string {
  const groups: TypeRow[][] = []
  for (const row of rows) {
    const group = groups.at(-1)
    const isSame = group?.[0]?.type === row.type && group[0].otherwise === row.otherwise
    if (group && isSame) group.push(row)
    else groups.push([row])
  }
  const hasPolicies = rows.some(({ otherwise }) => otherwise !== '')
  const cells = groups.map((group) => {
    const [{ type, otherwise } = { type: '', otherwise: '' }] = group
    return [group.map(({ declared }) => declared).join(', '), `\`${type}\``, ...(hasPolicies ? [otherwise] : [])]
  })
  return table([server, 'type', ...(hasPolicies ? ['with'] : [])], cells)
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), `|${head.map(() => '---|').join('')}`, ...rows.map(line)].join('\n')
}

import { test } from 'vitest'
import { openRest } from '../../src/sources/rest.ts'
import { type SampleTable, sourceCases } from '../../src/testing/source-cases.ts'
import { restServer } from '../fixtures/rest-server.ts'

const pageRows = 500

/** The sample as an API gives it: numbers and texts as they are, NULL as null, a window by two parameters. */
async function prepare({ columns, rows }: SampleTable) {
  const server = await restServer()
  const records = rows.map((row) => {
    const members = columns.map(({ name, type }, index) => {
      const cell = row[index] ?? null
      return `${JSON.stringify(name)}:${cell === null || type === 'int64' || type === 'decimal' ? cell : JSON.stringify(cell)}`
    })
    return `{${members.join()}}`
  })
  server.answer(({ url }) => {
    if (url.pathname !== '/v1/samples') return { status: 404 }
    const [since, before] = [url.searchParams.get('since') ?? '', url.searchParams.get('before') ?? '9999']
    const cursor = columns.findIndex(({ type }) => type === 'timestamp')
    const chosen = cursor < 0 ? records : records.filter((_, row) => inWindow(rows[row]?.[cursor] ?? '', since, before))
    const from = (Number(url.searchParams.get('page')) - 1) * pageRows
    return { body: `{"total":${chosen.length},"data":[${chosen.slice(from, from + pageRows).join()}]}` }
  })
  return {
    source: await openRest({ baseUrl: server.url, allowPrivate: true }),
    resource: {
      source: 'api',
      locator: '/samples',
      options: {
        method: 'GET',
        records: '$.data[*]',
        page: { by: 'number', parameter: 'page', total: '$.total' },
        window: { from: 'since', until: 'before' },
      },
      columns: columns.map(({ name, type }) => ({
        name,
        type: type === 'decimal' ? ({ kind: 'decimal', precision: 12, scale: 2 } as const) : { kind: type },
        length: undefined,
        nullable: true,
        from: name,
      })),
    },
    close: () => server.close(),
  }
}

function inWindow(moment: string, since: string, before: string): boolean {
  return moment >= since && moment < before
}

const cases = sourceCases({
  prepare,
  missing: { locator: '/elsewhere', code: 'RESOURCE_NOT_FOUND' },
  nullDiffersFromEmpty: true,
  cursor: (column) => ({ column, overlap: 0, nulls: 'reject' }),
  hasCatalogue: true,
})

for (const contractCase of cases) test(contractCase.name, () => contractCase.run())

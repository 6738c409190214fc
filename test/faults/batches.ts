/** One row of the source, each value as its text. */
export interface SourceRow {
  readonly id: string
  readonly name: string
  readonly updatedAt: string
}

/** A business date with the rows that are new or changed in it. */
export interface Batch {
  readonly date: string
  readonly rows: readonly SourceRow[]
}

const published = 500
const changed = 200
const added = 6_000

/** Published before anything goes wrong; the first of its rows has an id that no load takes. */
export const firstBatch: Batch = {
  date: '2026-01-01',
  rows: [{ id: 'none', name: 'refused', updatedAt: '2026-01-01T08:00:00Z' }, ...rows('2026-01-01', 0, published)],
}

/** Changes some of those rows and adds others. */
export const secondBatch: Batch = { date: '2026-01-02', rows: rows('2026-01-02', published - changed, changed + added) }

/** What the target holds once both are published, in the order of the ids. */
export const publishedRows: readonly (readonly string[])[] = [
  ...firstBatch.rows.slice(1, 1 + published - changed),
  ...secondBatch.rows,
].map(({ id, name }) => [id, name])

/** Rows that a packer cannot make much smaller, changed a second after one another. */
function rows(date: string, from: number, count: number): SourceRow[] {
  const start = Date.parse(`${date}T09:00:00Z`)
  return Array.from({ length: count }, (_, index) => ({
    id: String(from + index),
    name: `${date} ${(((from + index) * 2_654_435_761) % 4_294_967_296).toString(36)}`,
    updatedAt: `${new Date(start + index * 1_000).toISOString().slice(0, 19)}Z`,
  }))
}

import { date, extract, text } from 'sluice-etl'

declare const note: string | null

export default extract({
  description: 'Rates',
  columns: { day: date(), note: text() },
  async *read() {
    yield { day: '2025-01-01', note }
  },
})

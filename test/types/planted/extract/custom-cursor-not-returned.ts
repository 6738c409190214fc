import { date, extract } from 'sluice-etl'

export default extract({
  description: 'Rates',
  columns: { day: date() },
  cursor: 'day',
  async *read({ window }) {
    yield { day: window.lower ?? '2025-01-01' }
  },
})

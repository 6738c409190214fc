import { date, extract } from 'sluice-etl'

export default extract({
  description: 'Rates',
  columns: { day: date() },
  async *read() {
    yield { day: '2025-01-01' }
    return { cursor: '2025-01-02' }
  },
})

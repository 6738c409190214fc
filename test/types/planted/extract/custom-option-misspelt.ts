import { date, extract } from 'sluice-etl'

export default extract({
  description: 'Rates',
  colums: { day: date() },
  async *read() {
    yield { day: '2025-01-01' }
  },
})

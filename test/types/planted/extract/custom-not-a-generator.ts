import { date, extract } from 'sluice-etl'

export default extract({
  description: 'Rates',
  columns: { day: date() },
  async read() {
    return [{ day: '2025-01-01' }]
  },
})

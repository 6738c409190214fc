import { date, decimal, extract } from 'sluice-etl'

export default extract({
  description: 'Rates',
  columns: { day: date(), price: decimal(12, 2) },
  async *read() {
    yield { day: '2025-01-01', price: 19.99 }
  },
})

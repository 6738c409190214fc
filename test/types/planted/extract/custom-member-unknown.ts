import { date, decimal, extract } from 'sluice-etl'

export default extract({
  description: 'Rates',
  columns: { day: date(), price: decimal(12, 2).optional() },
  async *read() {
    yield { day: '2025-01-01', prise: '1.10' }
  },
})

import { bigint, extract } from 'sluice-etl'

export default extract({
  description: 'Rates',
  columns: { rate_id: bigint() },
  cursor: 'rate_id',
  async *read() {
    yield { rate_id: 1n }
    return { cursor: false }
  },
})

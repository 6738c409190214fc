import { date, extract, text } from 'sluice-etl'

export default extract({
  description: 'Rates',
  columns: { day: date(), title: text().from('name') },
  async *read({ batch }) {
    yield [{ day: batch }]
  },
})

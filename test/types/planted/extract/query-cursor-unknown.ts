import { extract } from 'sluice-etl'
import { shop } from '../sluice.config.ts'

export default extract(shop.query<{ day: 'date' }>('days', 'SELECT DISTINCT day FROM sales'), { description: 'Days', cursor: 'dai' })

import { extract } from 'sluice-etl'
import { shop } from '../sluice.config.ts'

export default extract(shop.table('sales'), { description: 'Sales lines of the shop', cursor: 'updated_at' })

import { extract } from 'sluice-etl'
import { shop } from '../sluice.config.ts'

export default extract(shop.table('sales', { parallel: 2 }), { description: 'Sales' })

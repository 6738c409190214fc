import { extract } from 'sluice-etl'
import { shop } from '../sluice.config.ts'

export default extract(shop.table('sales', { exclude: ['updated_at'] }), { description: 'Sales', cursor: 'updated_at' })

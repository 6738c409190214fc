import { extract } from 'sluice-etl'
import { shop } from '../sluice.config.ts'

export default extract(shop.table('sales', { exclude: ['amt'] }), { description: 'Sales' })

import { extract } from 'sluice-etl'
import { shop } from '../sluice.config.ts'

export default extract(shop.table('sales', { select: ['typo'] }), { description: 'Sales' })

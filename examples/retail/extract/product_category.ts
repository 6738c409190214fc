import { decimal, extract, text } from 'sluice-etl'
import { catalog } from '../sluice.config.ts'

const products = catalog.get('/products', {
  page: { parameter: 'page', size: 100, sizeParameter: 'size', total: '$.total' },
  records: '$.products[*]',
  columns: {
    asin: text(20),
    title: text().from('$.product_title'),
    price: decimal(10, 2).from('$.product_price').optional(),
    category: text(),
  },
})

export default extract(products, { description: 'Products by category, from the catalogue API' })

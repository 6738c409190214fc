import { load } from 'sluice-etl'
import products from '../extract/product_category.ts'

export default load(products, {
  into: 'product_category',
  write: { disposition: 'merge', key: ['asin'], surrogateKey: 'product_key' },
  rejectLimit: 10,
})

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { files, runProject, tables } from 'sluice-etl/testing'

const folder = join(import.meta.dirname, '..')
const environment = {
  SHOP_DB: 'shop.db',
  CATALOG_URL: 'https://catalog.example',
  CATALOG_KEY: 'none',
  STORES_DIR: 'stores',
  SFTP_HOST: 'branches.example',
  SFTP_PORT: '22',
  SFTP_USER: 'branches',
  SFTP_PASSWORD: 'none',
  SFTP_HOST_KEY: 'SHA256:none',
}
const product = { asin: 'B000000001', title: 'Product', price: '1.10', category: 'Books' }
const sale = {
  sale_id: 1,
  sold_at: '2025-01-31 10:00:00',
  updated_at: '2025-01-31 10:00:00',
  store_id: 7,
  asin: 'B000000001',
  quantity: 2,
  AMT: '19.99',
  note: '',
}

test('a sale of a store that no file brings makes a stub, and is summed up by category and month', async () => {
  const run = await runProject({
    folder,
    environment,
    batch: '2025-02-01',
    sources: {
      shop: tables({ sales: [sale] }),
      catalog: tables({ '/products': [product] }),
      stores: files({ 'stores-2025-02-01.csv': 'store_id,name,city,opened_on\n1,Main,Boston,2001-01-01\n' }),
      branches: files({ 'closures-2025-02-01.csv': 'store_id,closed_on,reason\n1,2025-12-01,repairs\n' }),
    },
  })
  assert.equal(run.exitCode, 0)
  assert.deepEqual(
    run.rows('store').map(({ store_id, name }) => [store_id, name]),
    [
      ['1', 'Main'],
      ['7', null],
    ],
  )
  assert.deepEqual(run.rows('sales_by_category'), [
    { category: 'Books', month: '2025-01', lines: '1', quantity: '2', amount: '19.99' },
  ])
})

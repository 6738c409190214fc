/**
 * The API that `rest` reads: 100,000 records of 12 fields in pages of 500, made once and sent from memory with their length.
 * Prints its port; ends when its input does, so that it never outlives who started it.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

const records = 100_000
const pageRecords = 500

function record(id: number): object {
  return {
    id,
    sku: `SKU-${String(id).padStart(7, '0')}`,
    title: `Product number ${id}, “new” edition`,
    price: (((id * 37) % 99_991) + 1) / 100,
    currency: id % 7 === 0 ? 'EUR' : 'USD',
    stock: (id * 13) % 997,
    category: `category-${id % 40}`,
    brand: id % 11 === 0 ? null : `Brand ${id % 300}`,
    rating: (id % 50) / 10,
    active: id % 3 === 0,
    updated_at: new Date(1_767_225_600_000 + id * 61_000).toISOString(),
    description: `What is there to say about product number ${id}: it is as good as the one before, and a little newer.`,
  }
}

const pages = Array.from({ length: records / pageRecords }, (_, page) => {
  const products = Array.from({ length: pageRecords }, (_, index) => record(page * pageRecords + index + 1))
  return Buffer.from(JSON.stringify({ status: 'OK', data: { total: records, products } }))
})
const empty = Buffer.from(JSON.stringify({ status: 'OK', data: { total: records, products: [] } }))

const server = createServer(({ url }, response) => {
  const page = Number(new URL(url ?? '', 'http://server').searchParams.get('page'))
  const body = pages[page - 1] ?? empty
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length })
  response.end(body)
})
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port))
process.stdin.on('close', () => process.exit(0)).resume()

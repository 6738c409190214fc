import { describe, expect, test } from 'vitest'
import { config, projectOf, refusal, scriptOf } from '../fixtures/sales-project.ts'

const server = config
  .replace("sqlite({ path: env('SHOP_DB') })", "mysql({ url: secret('SHOP_URL') })")
  .replace('project, sqlite,', 'mysql, postgres, project, secret,')
const script = (resource: string) => `
import { extract } from 'sluice-etl'
import { shop } from '../sluice.config.ts'
export default extract(${resource}, { description: 'Sales' })
`
const withServer = (resource: string) => projectOf({ 'sluice.config.ts': server, 'extract/sales.ts': script(resource) })
const withFile = (resource: string) => projectOf({ 'sluice.config.ts': config, 'extract/sales.ts': script(resource) })

describe('a table or query of a SQL source', () => {
  test('has the options that its source understands', async () => {
    const options =
      "{ select: ['id'], where: 'day = :batch', parallel: 4, partitionBy: 'id', partitionRows: 10, consistency: 'partition' }"
    const project = await withServer(`shop.table('sales', ${options})`)
    expect(scriptOf(project, 'extract/sales')).toMatchObject({
      resource: {
        locator: 'sales',
        options: {
          ...{ select: ['id'], where: 'day = :batch', parallel: 4, partitionBy: ['id'], partitionRows: 10 },
          consistency: 'partition',
        },
      },
    })
  })

  test('can be a query with a name', async () => {
    const project = await withFile("shop.query('late sales', 'SELECT * FROM sales WHERE day < :batch')")
    expect(scriptOf(project, 'extract/sales')).toMatchObject({
      resource: { locator: 'late sales', options: { sql: 'SELECT * FROM sales WHERE day < :batch' } },
    })
  })

  test.each([
    ["shop.table('sales', { selekt: ['id'] })", "Did you mean to write 'select'?"],
    ["shop.table('sales', { select: 'id' })", "'select' is no list of columns"],
    ["shop.table('sales', { select: ['id'], exclude: ['note'] })", "have 'select' and 'exclude': give one of both"],
    ["shop.table('sales', { parallel: 0 })", "'parallel' is under 1"],
    ["shop.table('sales', { partitionBy: 7 })", "'partitionBy' is no column and no list of columns"],
    ["shop.table('sales', { consistency: 'none' })", "'consistency' is neither 'snapshot' nor 'partition'"],
    ["shop.query('late', '')", "'sql' is empty"],
    ["shop.query('', 'SELECT 1')", 'the resource has no name'],
  ])('%s is refused', async (resource, sentence) => {
    expect(await refusal(withServer(resource))).toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining(sentence),
    })
  })

  test('of a file cannot be shared out over connections', async () => {
    expect(await refusal(withFile("shop.table('sales', { parallel: 2 })"))).toMatchObject({
      message: expect.stringContaining("'parallel' does not exist in the options of a table"),
    })
  })
})

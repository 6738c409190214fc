import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { runProject } from 'sluice-etl/testing'

test('the project runs', async () => {
  // What stands in for each connection: sources: { shop: tables({ sales: [{ sale_id: 1 }] }) }
  const run = await runProject({ folder: join(import.meta.dirname, '..'), batch: '2026-11-22' })
  assert.equal(run.exitCode, 0)
})

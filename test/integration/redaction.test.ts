import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { runGraph } from '../../src/engine/run-graph.ts'
import { openProject } from '../../src/project/open-project.ts'
import { type ProjectFolder, projectFolder } from '../project-folder.ts'

const files = {
  'sluice.config.ts': `
import { duckdb, localLake, project, secret, sqlite, sqliteControl } from 'sluice-etl'
export const shop = sqlite({ path: secret('SHOP_DB') })
export default project({
  name: 'p', timeZone: 'UTC', retry: { attempts: 1 },
  lake: localLake('data/lake'), warehouse: duckdb('data/p.duckdb'), control: sqliteControl('data/control.db'),
})
`,
  'extract/sales.ts': `
import { extract } from 'sluice-etl'
import { shop } from '../sluice.config.ts'
export default extract(shop.table('sales'), { description: 'Sales' })
`,
}

let folder: ProjectFolder | undefined
afterEach(() => folder?.remove())

test('a failed run shows no secret: not in its outcome, not in the control store, not in its log', async () => {
  folder = await projectFolder(files)
  const project = await openProject(folder.root, { SHOP_DB: 'canary-Zx9.db' })
  const { context, close } = await project.openContext({ progress: () => {}, signal: new AbortController().signal })
  try {
    const [script] = project.scripts
    if (!script) throw new Error('There is no script.')
    const { id, kind, name, description, frequency, owner, contentHash } = script
    await context.control.scripts.register({
      ...{ id, kind, name, description, frequency, owner, contentHash },
      approve: true,
      by: 'test',
    })
    const { outcomes } = await runGraph(context, { scripts: [script], batch: '2025-01-01', force: false })
    const [outcome] = outcomes
    expect(outcome).toMatchObject({ status: 'FAILED', error: { message: expect.stringContaining('***') } })
    const runs = await context.control.runs.list({ limit: 10 })
    expect(runs).toMatchObject([{ errorCode: outcome?.error?.code, errorMessage: outcome?.error?.message }])
    const log = await readFile(join(folder.root, outcome?.logFile ?? ''), 'utf8')
    expect(log).toContain('***')
    for (const shown of [JSON.stringify(outcomes), JSON.stringify(runs), log]) expect(shown).not.toContain('canary')
  } finally {
    await close()
  }
})

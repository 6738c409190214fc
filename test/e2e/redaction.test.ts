import { afterEach, expect, test } from 'vitest'
import { type CliProject, cliProject } from '../fixtures/cli.ts'

let project: CliProject | undefined
afterEach(() => project?.remove())

test('what fails while the project is opened shows no secret', async () => {
  project = await cliProject({
    'sluice.config.ts': `
import { duckdb, localLake, project, secret, sqliteControl } from 'sluice-etl'
export default project({
  name: 'p', timeZone: 'UTC',
  lake: localLake('data/lake'), warehouse: duckdb('data/p.duckdb'), control: sqliteControl(secret('CONTROL_DB')),
})
`,
    'a-file': '',
  })
  const ended = await project.sluice(['batch', 'list'], { CONTROL_DB: 'a-file/canary-Zx9.db' })
  expect(ended.exitCode).not.toBe(0)
  expect(ended.stderr).toContain('***')
  expect(ended.stderr + ended.stdout).not.toContain('canary')
})

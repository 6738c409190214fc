import { runProjectFolder } from '../fixtures/run-project.ts'

// One run in a process of its own, which ends with the run's exit code.
const [folder = '', script = '', url = ''] = process.argv.slice(2)
const [outcome] = await runProjectFolder(folder, { batch: '2026-01-01', scripts: [script], environment: { API_URL: url } })
if (outcome?.error) console.error(outcome.error)
process.exitCode = outcome?.exitCode ?? 70

/** Runs a project's scripts in a process of its own, which a failpoint may kill: `node custom-child.ts <folder> <batch>`. */
import { runProjectFolder } from '../fixtures/run-project.ts'

const [, , folder = '', batch = ''] = process.argv
const { SLUICE_FAILPOINT = '' } = process.env
await runProjectFolder(folder, { batch, environment: { SLUICE_FAILPOINT } })

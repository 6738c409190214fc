import { resolve } from 'node:path'
import { type Command, Option } from 'commander'
import type { Template } from '../project/scaffold.ts'
import { print } from './output.ts'
import type { Finish } from './verb.ts'
import { registerScripts } from './verbs-registry.ts'

/** `init`: a new project that runs at once. */
export function defineInitVerb(root: Command, finish: Finish): void {
  root
    .command('init <name>')
    .description('Write a new project into a folder of that name, and register its scripts')
    .addOption(new Option('--template <template>', 'what to begin with').choices(['retail', 'empty']).default('retail'))
    .addHelpText('after', '\nExample:\n  sluice init my-project --template empty')
    .action(async (name: string, { template }: { readonly template: Template }) => {
      const { scaffold } = await import('../project/scaffold.ts')
      const { openProject } = await import('../project/open-project.ts')
      const folder = resolve(name)
      await scaffold(folder, template)
      const project = await openProject(folder)
      await registerScripts(project, project.scripts)
      print(`${folder} is a project now: ${project.scripts.length} scripts, all registered.`)
      const next = template === 'retail' ? 'npm run demo' : 'write sluice.config.ts and extract/, then: npx sluice check'
      print(`Next: cd ${name} && npm install && ${next}`)
      finish(0)
    })
}

/** `tide init`: makes a directory a workspace, or says that it is one. */
import { formats } from '../../../src/internal.ts'
import { defineCommand, type CommandDescriptor, type Common } from '../command.ts'
import { printJson, say } from '../io.ts'
import { quote, refuse } from '../values.ts'
import type { InitOptions as WorldInitOptions } from '../world.ts'

export interface InitOptions extends Common {
  readonly settings: Omit<WorldInitOptions, 'dir'>
}

export const command: CommandDescriptor<InitOptions> = defineCommand<InitOptions>({
  about:
    'Writes tidemark.json, to be committed, and a state folder that git ignores. Task files that are there become tasks; those with an id keep every byte. Doing it twice is harmless.',
  examples: [
    ['tide init', 'here'],
    ['tide init --dir ~/shop --prefix SHOP', 'there, with keys like SHOP-1'],
  ],
  grammar(grammar) {
    grammar
      .option('--format <format>', `how tasks are written: native; ${formats.slice(1).join(', ')} are not read yet`)
      .option('--tasks <path>', 'the folder for task files (default: tasks)')
      .option('--prefix <prefix>', 'what stands before the number of a key (default: T)')
      .option('--relay <url>', 'the address of a relay, auto, or none (default: auto)')
  },
  options({ common, text }) {
    const format = text('format')
    if (format !== undefined && !formats.includes(format)) {
      throw refuse('format', `${quote(format)} is not known`, `use one of ${formats.join(', ')}`)
    }
    const given = (['format', 'tasks', 'prefix', 'relay'] as const).flatMap((name) => {
      const value = text(name)
      return value === undefined ? [] : [[name, value] as const]
    })
    return { ...common, settings: Object.fromEntries(given) }
  },
  async run(options, world) {
    const outcome = await world.init({ ...options.settings, dir: options.dir })
    const { dir, project, format, tasks, created, imported } = outcome
    if (options.json) return printJson(world, { dir, project, format, tasks, created, imported })
    const { printable } = await import('../width.ts')
    world.stdout.write(`${printable(dir)}\n`)
    const words = created ? 'is a workspace now' : 'was a workspace already'
    const found = imported === 0 ? '' : `, ${imported} found there`
    say(options, world, printable(`${words}: project ${project}, ${format} tasks in ${tasks}${found}`))
  },
})

/** `tide show`: everything about one task. */
import { defineCommand, type CommandDescriptor, type Common } from '../command.ts'
import { callWorkspace, printJson } from '../io.ts'
import { parseKey } from '../values.ts'

export interface ShowOptions extends Common {
  readonly key: string
}

export const command: CommandDescriptor<ShowOptions> = defineCommand<ShowOptions>({
  examples: [
    ['tide show T-12', 'title, fields, body, comments'],
    ['tide show T-12 --json | jq -r .task.body', 'the body alone'],
  ],
  grammar(grammar) {
    grammar.argument('<key>', 'the task, as in T-12')
  },
  options: ({ common, words }) => ({ ...common, key: parseKey(words[0]) }),
  async run(options, world) {
    const { task } = await callWorkspace(options, world, 'task.get', { key: options.key })
    if (options.json) return printJson(world, { task })
    const { taskDetail } = await import('../detail.ts')
    world.stdout.write(taskDetail(task, world.stdout.colour))
  },
})

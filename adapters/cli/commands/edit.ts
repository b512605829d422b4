/** `tide edit`: opens a task's file in the editor and takes in what was saved. */
import { TaskError } from '../../../src/internal.ts'
import { defineCommand, type CommandDescriptor, type Common } from '../command.ts'
import { callWorkspace, printJson } from '../io.ts'
import { printTasks } from '../rows.ts'

export interface EditOptions extends Common {
  readonly key: string
}

export const command: CommandDescriptor<EditOptions> = defineCommand<EditOptions>({
  writes: true,
  about: 'The editor is $VISUAL, else $EDITOR, else vi. Others may change the task meanwhile: both changes are kept.',
  examples: [
    ['tide edit T-12', 'in your editor'],
    ['EDITOR="code --wait" tide edit T-12', 'in a window that is waited for'],
  ],
  grammar(grammar) {
    grammar.argument('<key>', 'the task')
  },
  options: ({ common, words }) => ({ ...common, key: words[0] ?? '' }),
  async run(options, world) {
    const { key } = options
    const before = await callWorkspace(options, world, 'task.get', { key })
    const { path } = before.task
    if (path === null) throw new TaskError('FILE_NOT_FOUND', { path: `of ${before.task.key}` })
    await world.edit(options.dir, path)
    // By its id: the key may have become certain meanwhile, and be another one.
    const { task } = await callWorkspace(options, world, 'task.get', { key: before.task.uid })
    if (options.json) return printJson(world, { task })
    await printTasks(options, world, [task])
  },
})

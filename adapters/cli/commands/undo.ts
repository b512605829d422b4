/** `tide undo`: one change taken back, as a new change. */
import type { Params } from '../../../src/internal.ts'
import { defineCommand, type CommandDescriptor, type Common } from '../command.ts'
import { callWorkspace, say } from '../io.ts'
import { printTasks } from '../rows.ts'
import { parseKey, quote, refuse } from '../values.ts'

export interface UndoOptions extends Common {
  readonly undo: Params<'history.undo'>
}

export const command: CommandDescriptor<UndoOptions> = defineCommand<UndoOptions>({
  writes: true,
  about:
    'Without --change: the newest change of this workspace that was not taken back yet. ' +
    'Where a value has changed since, the undo is refused and nothing changes.',
  examples: [
    ['tide undo', 'the last change made here'],
    ['tide undo T-12', 'the last one of this task'],
    ['tide undo --change 4fq7k2m9', 'the one that tide history names so'],
  ],
  grammar(grammar) {
    grammar.argument('[key]', 'one task (default: any)').option('--change <id>', 'the change, as tide history names it')
  },
  options({ common, words: [key], text }) {
    const change = text('change')
    if (change !== undefined && !/^[\w.:@-]{1,100}$/.test(change)) {
      throw refuse('change', `${quote(change)} is not the id of a change`, 'ids stand first in tide history')
    }
    return {
      ...common,
      undo: { ...(key !== undefined && { key: parseKey(key) }), ...(change !== undefined && { change }) },
    }
  },
  async run(options, world) {
    const { change, tasks } = await callWorkspace(options, world, 'history.undo', options.undo)
    await printTasks(options, world, tasks, { change })
    say(options, world, `took back ${change.undoes ?? 'a change'}`)
  },
})

/** `tide move`: where a task stands among the others. */
import type { Params } from '../../../src/internal.ts'
import { defineCommand, type CommandDescriptor, type Common } from '../command.ts'
import { callWorkspace } from '../io.ts'
import { printTasks } from '../rows.ts'
import { misuse, parseKey, parseKeyOrNone } from '../values.ts'

export interface MoveOptions extends Common {
  readonly move: Params<'task.move'>
}

export const command: CommandDescriptor<MoveOptions> = defineCommand<MoveOptions>({
  writes: true,
  examples: [
    ['tide move T-12 --before T-3', 'it comes first'],
    ['tide move T-12 --parent T-7', 'it is a part of T-7'],
    ['tide move T-12 --parent none', 'it stands alone again'],
  ],
  grammar(grammar) {
    grammar
      .argument('<key>', 'the task that moves')
      .option('--before <key>', 'right before this one')
      .option('--after <key>', 'right after this one')
      .option('--parent <key>', 'below this one; none for the top')
  },
  options({ common, words, text }) {
    const key = parseKey(words[0])
    const [before, after, parent] = [text('before'), text('after'), text('parent')]
    if ([before, after, parent].filter((place) => place !== undefined).length !== 1) {
      throw misuse('move', 'say one place: --before <key>, --after <key> or --parent <key>')
    }
    if (before !== undefined) return { ...common, move: { key, before: parseKey(before) } }
    if (after !== undefined) return { ...common, move: { key, after: parseKey(after) } }
    return { ...common, move: { key, parent: parseKeyOrNone(parent ?? '') } }
  },
  async run(options, world) {
    const { task } = await callWorkspace(options, world, 'task.move', options.move)
    await printTasks(options, world, [task])
  },
})

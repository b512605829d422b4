/** `tide list`: tasks that fit a filter. */
import type { TaskFilter } from '../../../src/internal.ts'
import { defineCommand, type CommandDescriptor, type Common } from '../command.ts'
import { parseFilter } from '../filter.ts'
import { collect } from '../grammar.ts'
import { printListing } from '../rows.ts'

export interface ListOptions extends Common {
  readonly filter: TaskFilter
}

export const command: CommandDescriptor<ListOptions> = defineCommand<ListOptions>({
  about:
    'Open and active tasks, unless --all or --status say otherwise. On a terminal a table: > can be started, @ is ' +
    'held by the first of the names (~ while the relay has not agreed), ! has a conflict, x is deleted. On a pipe ' +
    'tab-separated: key, status, priority, labels, assignees, title, marks (deleted, ready, claim:who, conflict:field).',
  examples: [
    ['tide list', 'everything that is not closed'],
    ['tide list --status doing --label web', 'both must fit'],
    ['tide list --ready --limit 5', 'the first five to start with'],
    ['tide list --all --json | jq ".tasks[].key"', 'for a program'],
  ],
  grammar(grammar) {
    grammar
      .option('-s, --status <status>', 'only this status; may be repeated', collect)
      .option('-l, --label <label>', 'only with this label; repeated: with all of them', collect)
      .option('-a, --assignee <who>', 'only what this one works on')
      .option('--ready', 'only what can be started now')
      .option('--all', 'closed and deleted ones too')
      .option('--limit <n>', 'at most so many')
  },
  options: (given) => ({ ...given.common, filter: parseFilter(given) }),
  async run(options, world) {
    await printListing(
      options,
      world,
      await world.list(options.dir, options.filter),
      'no tasks fit; closed ones: tide list --all',
    )
  },
})

/** `tide ready`: what can be started now. */
import { defineCommand, type CommandDescriptor } from '../command.ts'
import { parseFilter } from '../filter.ts'
import { collect } from '../grammar.ts'
import { printListing } from '../rows.ts'
import type { ListOptions } from './list.ts'

export const command: CommandDescriptor<ListOptions> = defineCommand<ListOptions>({
  about: 'A task is ready when it is open, nobody holds it, and every task it depends on is done or dropped.',
  examples: [
    ['tide ready', 'all of them'],
    ['tide ready --label web --limit 1', 'the next one about the web'],
  ],
  grammar(grammar) {
    grammar
      .option('-l, --label <label>', 'only with this label; repeated: with all of them', collect)
      .option('-a, --assignee <who>', 'only what this one works on')
      .option('--limit <n>', 'at most so many')
  },
  options: (given) => ({ ...given.common, filter: { ...parseFilter(given), ready: true } }),
  async run(options, world) {
    await printListing(
      options,
      world,
      await world.list(options.dir, options.filter),
      'nothing is ready; see: tide list',
    )
  },
})

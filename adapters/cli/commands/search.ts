/** `tide search`: tasks whose title or body has the words. */
import { defineCommand, type CommandDescriptor, type Common } from '../command.ts'
import { printListing } from '../rows.ts'
import { parseCount, refuse } from '../values.ts'

export interface SearchOptions extends Common {
  readonly words: string
  readonly search: { readonly all?: boolean; readonly limit?: number }
}

export const command: CommandDescriptor<SearchOptions> = defineCommand<SearchOptions>({
  examples: [
    ['tide search login', 'among what is not closed'],
    ['tide search --all slow query', 'both words, closed and deleted tasks too'],
  ],
  grammar(grammar) {
    grammar
      .argument('<words...>', 'words that must all be there')
      .option('--all', 'closed and deleted ones too')
      .option('--limit <n>', 'at most so many')
  },
  options({ common, words, flag, text }) {
    const wanted = words.join(' ').trim()
    if (wanted === '') throw refuse('words', 'there is nothing to search for', 'name a word, as in tide search login')
    const limit = parseCount('limit', text('limit'))
    return {
      ...common,
      words: wanted,
      search: { ...(flag('all') && { all: true }), ...(limit !== undefined && { limit }) },
    }
  },
  async run(options, world) {
    await printListing(
      options,
      world,
      await world.search(options.dir, options.words, options.search),
      'nothing has these words',
    )
  },
})

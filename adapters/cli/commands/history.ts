/** `tide history`: what this workspace saw happen, newest first. */
import { defineCommand, type CommandDescriptor, type Common } from '../command.ts'
import { callWorkspace, printJson, say } from '../io.ts'
import { parseCount, parseKey } from '../values.ts'

const DEFAULT_LIMIT = 50

export interface HistoryOptions extends Common {
  readonly key?: string
  readonly limit: number
}

export const command: CommandDescriptor<HistoryOptions> = defineCommand<HistoryOptions>({
  about:
    'Times are UTC. On a pipe tab-separated, a line per field: id, time, who, verb, key, field, before, after (both as JSON).',
  examples: [
    ['tide history', 'of the whole project'],
    ['tide history T-12 --limit 5', 'of one task'],
  ],
  grammar(grammar) {
    grammar
      .argument('[key]', 'one task (default: all)')
      .option('--limit <n>', `at most so many (default: ${DEFAULT_LIMIT})`)
  },
  options({ common, words: [key], text }) {
    const limit = parseCount('limit', text('limit')) ?? DEFAULT_LIMIT
    return { ...common, ...(key !== undefined && { key: parseKey(key) }), limit }
  },
  async run(options, world) {
    const { key, limit } = options
    const { changes } = await callWorkspace(options, world, 'history.list', {
      ...(key !== undefined && { key }),
      limit,
    })
    if (options.json) return printJson(world, { changes })
    const { changeLines } = await import('../change-lines.ts')
    if (changes.length > 0) world.stdout.write(changeLines(changes, world.stdout))
    else say(options, world, 'nothing has happened yet')
  },
})

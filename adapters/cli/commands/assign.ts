/** `tide assign --auto`: what is ready is shared out, never one task to two. */
import { printOutcome } from '../claim-answers.ts'
import { leaseGrammar, parseLease, type LeaseAsk } from '../claim-options.ts'
import { defineCommand, type CommandDescriptor, type Common, type Given } from '../command.ts'
import { parseNames } from '../filter.ts'
import { collect } from '../grammar.ts'
import { callWorkspace, say } from '../io.ts'
import { parseActor, parseCount, parseList, refuse } from '../values.ts'

export interface AssignOptions extends Common {
  readonly to: readonly string[]
  readonly limit?: number
  readonly label?: readonly string[]
  readonly lease: LeaseAsk
}

export const command: CommandDescriptor<AssignOptions> = defineCommand<AssignOptions>({
  writes: true,
  about: `Claims ready tasks that nobody holds, in turn for each of the names, until each
holds so many as --limit says or nothing is ready. What others take meanwhile is
passed over. Exits with 0 also where nothing was ready.

On a pipe tab-separated: key, holder, until, token, state, scope.
To name who works on a task, without a claim: tide set T-12 assignees+=sara`,
  examples: [
    ['tide assign --auto agent-1 agent-2 agent-3', 'one task each'],
    ['tide assign --auto agent-1,agent-2 --limit 3 --label night --for 8h', 'up to three each, for a night'],
  ],
  grammar(grammar) {
    grammar.usage('[options] --auto <who...>').argument('[word...]').option('--auto <who...>', 'for whom')
    leaseGrammar(grammar, 'agent')
      .option('--limit <n>', 'how many each of them holds then at most (default: 1)')
      .option('-l, --label <label>', 'only with this label; repeated: with all of them', collect)
  },
  options(given) {
    const to = [...new Set(parseList(given.texts('auto')).map(parseActor))]
    if (to.length === 0 || given.words.length > 0) throw withoutAuto(given)
    const [limit, label] = [parseCount('limit', given.text('limit')), parseNames('label', given)]
    return {
      ...given.common,
      to,
      ...(limit !== undefined && { limit }),
      ...(label.length > 0 && { label }),
      lease: parseLease(given),
    }
  },
  async run(options, world) {
    const { to, limit, label, lease } = options
    const asked = { to, ...(limit !== undefined && { limit }), ...(label !== undefined && { label }) }
    const outcome = await callWorkspace(options, world, 'tasks.assign', { ...asked, ...lease })
    await printOutcome(options, world, outcome)
    if (outcome.granted.length === 0) say(options, world, 'nothing was ready, or each of them holds enough')
  },
})

function withoutAuto({ words: [key = 'T-12', who = 'sara'] }: Given): Error {
  return refuse(
    'auto',
    'it has to say for whom, and nothing else is named',
    `share out what is ready with --auto ${who}, or name who works on a task: tide set ${key} assignees+=${who}`,
  )
}

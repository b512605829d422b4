/** `tide start`: a claim, and the status of work that has begun: both or nothing. */
import type { Result } from '../../../src/internal.ts'
import { refuseFailed, tellTentative } from '../claim-answers.ts'
import {
  claimantType,
  leaseGrammar,
  othersGrammar,
  parseLease,
  parseOthers,
  programHelp,
  type LeaseAsk,
  type OthersAsk,
} from '../claim-options.ts'
import { claiming } from '../claiming.ts'
import { defineCommand, type CommandDescriptor, type Given } from '../command.ts'
import { callWorkspace, printJson } from '../io.ts'
import { keysGrammar, keysOptions, type KeysOptions } from '../keys.ts'
import { printTasks } from '../rows.ts'

export interface StartOptions extends KeysOptions {
  readonly lease: LeaseAsk
  readonly others: OthersAsk
  readonly program?: Given['program']
}

export const command: CommandDescriptor<StartOptions> = defineCommand<StartOptions>({
  writes: true,
  runs: true,
  about: `Claims the tasks as tide claim does, and sets the first status of the kind
"active" (doing, unless the project says otherwise): all of it or nothing. It
ends with tide done, tide drop or tide release; the status stays when only the
claim ends.

${programHelp}`,
  examples: [
    ['tide start T-12', 'I am on it, and nobody else is'],
    ['tide start T-12 T-13 --as sara --for 4h', 'said for someone else, both or none'],
    ['tide start T-12 --as agent-1 -- make agent', 'held while it runs'],
  ],
  grammar(grammar) {
    keysGrammar(grammar.usage('[options] <key...> [-- <command>]'))
    leaseGrammar(othersGrammar(grammar))
  },
  options(given) {
    const { program } = given
    const options = { ...keysOptions(given), lease: parseLease(given), others: parseOthers(given) }
    return program === undefined ? options : { ...options, program }
  },
  async run(options, world) {
    const { keys, lease, others } = options
    const params = { keys, ...lease, ...others, type: claimantType(lease.type, world) }
    const start = async (): Promise<Result<'tasks.start'>> => {
      const answer = await callWorkspace(options, world, 'tasks.start', params)
      await refuseFailed(options, world, answer.outcome, others)
      return answer
    }
    const print = async ({ tasks, outcome }: Result<'tasks.start'>): Promise<void> => {
      const { granted, assigned, failed, skipped } = outcome
      if (options.json) return printJson(world, { tasks, granted, assigned, failed, skipped })
      await printTasks(options, world, tasks)
      tellTentative(world, granted)
    }
    return claiming({ ...options, ...lease, ...others }, world, start, ({ outcome }) => outcome.granted, print)
  },
})

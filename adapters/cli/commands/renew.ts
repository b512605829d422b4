/** `tide renew`: leases begin anew, under the tokens that they have. */
import { printOutcome, refuseFailed } from '../claim-answers.ts'
import { knownType, parseLease, typeGrammar, forGrammar, type LeaseAsk } from '../claim-options.ts'
import { defineCommand, type CommandDescriptor } from '../command.ts'
import { callWorkspace } from '../io.ts'
import { keysGrammar, keysOptions, type KeysOptions } from '../keys.ts'
import { parseToken } from '../values.ts'

export interface RenewOptions extends KeysOptions, Pick<LeaseAsk, 'type' | 'leaseMs'> {
  readonly token?: number
}

export const command: CommandDescriptor<RenewOptions> = defineCommand<RenewOptions>({
  writes: true,
  about:
    'Exits with 4 where you hold one of the tasks no longer; the others are renewed all the same. With tide claim … -- <command> this is done by itself. On a pipe tab-separated: key, holder, until, token, state, scope.',
  examples: [
    ['tide renew T-12', 'half an hour from now'],
    ['tide renew T-12 --for 2h --token 1767323045678', 'only if it is still that grant'],
  ],
  grammar(grammar) {
    keysGrammar(grammar)
    forGrammar(typeGrammar(grammar, 'whichever you claimed as')).option('--token <n>', 'only the grant with this token')
  },
  options(given) {
    const options = { ...keysOptions(given), ...parseLease(given) }
    const token = parseToken('renew', given.text('token'), options.keys)
    return token === undefined ? options : { ...options, token }
  },
  async run(options, world) {
    const { keys, token, type, leaseMs } = options
    const outcome = await callWorkspace(options, world, 'tasks.renew', {
      keys,
      ...knownType(type, world),
      ...(leaseMs !== undefined && { leaseMs }),
      ...(token !== undefined && { token }),
    })
    if (outcome.failed.length === 0 || !options.json) await printOutcome(options, world, outcome)
    await refuseFailed(options, world, outcome, { more: { granted: outcome.granted } })
  },
})

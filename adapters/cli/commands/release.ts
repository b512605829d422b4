/** `tide release`: claims are given up. What nobody holds is released already. */
import { refuseFailed } from '../claim-answers.ts'
import { knownType, parseType, typeGrammar, type LeaseAsk } from '../claim-options.ts'
import { defineCommand, type CommandDescriptor } from '../command.ts'
import { callWorkspace, printJson, say } from '../io.ts'
import { keysGrammar, keysOptions, type KeysOptions } from '../keys.ts'
import { parseToken } from '../values.ts'

export interface ReleaseOptions extends KeysOptions, Pick<LeaseAsk, 'type'> {
  readonly token?: number
}

export const command: CommandDescriptor<ReleaseOptions> = defineCommand<ReleaseOptions>({
  writes: true,
  about:
    'Prints the keys of what nobody holds through you any more. Status and assignees stay as they are. Exits with 4 where somebody else holds one of the tasks, or the token is an older one; then none is released.',
  examples: [
    ['tide release T-12', 'somebody else may have it'],
    ['tide release T-12 --token 1767323045678', 'only if it is still that grant'],
  ],
  grammar(grammar) {
    keysGrammar(grammar)
    typeGrammar(grammar, 'whichever you claimed as').option('--token <n>', 'only the grant with this token')
  },
  options(given) {
    const options = { ...keysOptions(given), ...parseType(given) }
    const token = parseToken('release', given.text('token'), options.keys)
    return token === undefined ? options : { ...options, token }
  },
  async run(options, world) {
    const { keys, token, type } = options
    const params = { keys, ...knownType(type, world), ...(token !== undefined && { token }) }
    const { released, failed } = await callWorkspace(options, world, 'tasks.release', params)
    if (!options.json && released.length > 0) {
      const { printable } = await import('../width.ts')
      world.stdout.write(released.map((key) => `${printable(key)}\n`).join(''))
    }
    await refuseFailed(options, world, { assigned: [], failed }, { more: { released } })
    if (options.json) return printJson(world, { released, failed })
    say(options, world, released.length === 1 ? 'released' : `${released.length} released`)
  },
})

/** `tide purge`: the one command that cannot be taken back, so it asks. */
import { TaskError } from '../../../src/internal.ts'
import { defineCommand, type CommandDescriptor } from '../command.ts'
import { callWorkspace, printJson, say } from '../io.ts'
import { keysGrammar, keysOptions, type KeysOptions } from '../keys.ts'
import type { CliWorld } from '../world.ts'

export interface PurgeOptions extends KeysOptions {
  readonly yes: boolean
}

export const command: CommandDescriptor<PurgeOptions> = defineCommand<PurgeOptions>({
  writes: true,
  about: 'Only deleted tasks can be purged. Asks at a terminal; elsewhere, and with --json, it needs --yes.',
  examples: [
    ['tide delete T-12', 'first'],
    ['tide purge T-12', 'asks, then removes it for good'],
  ],
  grammar(grammar) {
    keysGrammar(grammar)
    grammar.option('--yes', 'do not ask')
  },
  options: (given) => ({ ...keysOptions(given), yes: given.flag('yes') }),
  async run(options, world) {
    if (!options.yes && !(await isConfirmed(options, world))) {
      throw new TaskError('NOT_CONFIRMED', { action: `purging ${options.keys.join(', ')}` })
    }
    const { purged } = await callWorkspace(options, world, 'tasks.purge', { keys: options.keys, confirmed: true })
    if (options.json) return printJson(world, { purged })
    world.stdout.write(purged.map((key) => `${key}\n`).join(''))
    say(options, world, `purged ${purged.length}`)
  },
})

async function isConfirmed({ keys, json }: PurgeOptions, world: CliWorld): Promise<boolean> {
  if (json || !world.inputIsTerminal) return false
  const answer = await world.ask(`Purge ${keys.join(', ')} for good? This cannot be taken back. Type yes: `)
  return answer?.trim().toLowerCase() === 'yes'
}

/** `tide __complete -- <words>`: what could stand where the last word is. For the scripts of `tide completion`, not for people. */
import type { Candidate } from '../candidate-values.ts'
import { candidatesFor } from '../candidates.ts'
import { defineCommand, type CommandDescriptor, type Common } from '../command.ts'
import { printJson } from '../io.ts'
import type { CliWorld } from '../world.ts'

export interface CompleteOptions extends Common {
  /** After `tide`, the one being typed last. */
  readonly words: readonly string[]
}

export const command: CommandDescriptor<CompleteOptions> = defineCommand<CompleteOptions>({
  examples: [['tide __complete -- show T-', 'the keys of tasks, with their titles']],
  grammar(grammar) {
    grammar.argument('[words...]', 'the words so far')
  },
  options: ({ common, words }) => ({ ...common, words }),
  async run(options, world) {
    const candidates = await candidatesOrNone(options, world)
    if (options.json) return printJson(world, { candidates })
    if (candidates.length === 0) return
    const { printable } = await import('../width.ts')
    world.stdout.write(candidates.map(({ value, about }) => `${printable(value)}\t${printable(about)}\n`).join(''))
  },
})

/** Whoever presses tab outside a workspace, or beside a broken one, wants no error there: nothing to offer is the outcome. */
async function candidatesOrNone({ words, dir }: CompleteOptions, world: CliWorld): Promise<readonly Candidate[]> {
  try {
    return await candidatesFor(words, dir, world)
  } catch {
    return []
  }
}

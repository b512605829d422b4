/** `tide done`: work is finished. */
import type { CommandDescriptor } from '../command.ts'
import { transitionCommand, type KeysOptions } from '../keys.ts'

export const command: CommandDescriptor<KeysOptions> = transitionCommand('done', {
  about: 'Sets the first status of the kind "done". Tasks that waited for these become ready.',
  examples: [
    ['tide done T-12', 'finished'],
    ['tide done T-12 T-13', 'both'],
  ],
})

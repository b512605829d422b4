/** `tide reopen`: closed work is open again. */
import type { CommandDescriptor } from '../command.ts'
import { transitionCommand, type KeysOptions } from '../keys.ts'

export const command: CommandDescriptor<KeysOptions> = transitionCommand('open', {
  about: 'Sets the first status of the kind "open".',
  examples: [['tide reopen T-12', 'it was not done after all']],
})

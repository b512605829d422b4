/** `tide reopen`: closed work is open again. */
import type { CommandDescriptor } from '../command.ts'
import { openingCommand, type KeysOptions } from '../keys.ts'

export const command: CommandDescriptor<KeysOptions> = openingCommand({
  about: 'Sets the first status of the kind "open".',
  examples: [['tide reopen T-12', 'it was not done after all']],
})

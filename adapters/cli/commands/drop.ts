/** `tide drop`: work that will not be done. */
import type { CommandDescriptor } from '../command.ts'
import { transitionCommand, type KeysOptions } from '../keys.ts'

export const command: CommandDescriptor<KeysOptions> = transitionCommand('dropped', {
  about: 'Sets the first status of the kind "dropped". Tasks that waited for these become ready.',
  examples: [['tide drop T-12', 'not needed any more; tide reopen T-12 takes it up again']],
})

/** `tide drop`: work that will not be done. */
import type { CommandDescriptor } from '../command.ts'
import { closingCommand, type TransitionOptions } from '../keys.ts'

export const command: CommandDescriptor<TransitionOptions> = closingCommand('drop', 'dropped', {
  about:
    'Sets the first status of the kind "dropped", and ends your claim. Tasks that waited for these become ready. --token as in tide done.',
  examples: [['tide drop T-12', 'not needed any more; tide reopen T-12 takes it up again']],
})

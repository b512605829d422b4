/** `tide done`: work is finished. */
import type { CommandDescriptor } from '../command.ts'
import { closingCommand, type TransitionOptions } from '../keys.ts'

export const command: CommandDescriptor<TransitionOptions> = closingCommand('done', 'done', {
  about:
    'Sets the first status of the kind "done", and ends your claim. Tasks that waited for these become ready. With --token it is refused (exit 4, nothing is written) where somebody else was granted the task since, and waits (exit 5) while the relay cannot be asked.',
  examples: [
    ['tide done T-12', 'finished'],
    ['tide done T-12 T-13', 'both'],
    ['tide done T-12 --token "$TIDEMARK_TOKEN"', "only while it is still mine, or was nobody else's since"],
  ],
})

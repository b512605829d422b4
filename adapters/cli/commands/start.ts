/** `tide start`: work begins. Only the status changes, for now. */
import type { CommandDescriptor } from '../command.ts'
import { transitionCommand, type KeysOptions } from '../keys.ts'

export const command: CommandDescriptor<KeysOptions> = transitionCommand('active', {
  about:
    'Sets the first status of the kind "active" (doing, unless the project says otherwise). Claims come later: nobody is kept out yet.',
  examples: [
    ['tide start T-12', 'I am on it'],
    ['tide start T-12 T-13 --as sara', 'said for someone else'],
  ],
})

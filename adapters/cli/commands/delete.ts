/** `tide delete`: out of sight, and not gone. */
import type { CommandDescriptor } from '../command.ts'
import { presenceCommand, type KeysOptions } from '../keys.ts'

export const command: CommandDescriptor<KeysOptions> = presenceCommand(
  'tasks.delete',
  (tasks) => `deleted; to take it back: tide restore ${tasks.map((task) => task.key).join(' ')}`,
  {
    about: 'Deleted tasks are listed by tide list --all until they are purged.',
    examples: [
      ['tide delete T-12', 'can be taken back'],
      ['tide restore T-12', 'takes it back'],
    ],
  },
)

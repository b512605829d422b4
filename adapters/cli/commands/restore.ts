/** `tide restore`: deleted tasks come back as they were. */
import type { CommandDescriptor } from '../command.ts'
import { presenceCommand, type KeysOptions } from '../keys.ts'

export const command: CommandDescriptor<KeysOptions> = presenceCommand(
  'tasks.restore',
  (tasks) => `restored ${tasks.length}`,
  {
    examples: [
      ['tide list --all', 'deleted tasks are marked x'],
      ['tide restore T-12', 'as it was'],
    ],
  },
)

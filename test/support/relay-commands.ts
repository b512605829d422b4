/** What people and agents do in the simulation of a relay. */
import { readBody } from '../../src/task/body.ts'
import { isGone } from '../../src/task/view.ts'
import type { Dice } from './dice.ts'
import { editedText } from './simulated-intents.ts'
import type { SimulatedSync, Work } from './simulated-sync.ts'

export type CommandKind = 'create' | 'set' | 'label' | 'body' | 'remove' | 'comment'

export function commandOf(
  kind: CommandKind,
  workspace: SimulatedSync,
  { dice, newWord }: { readonly dice: Dice; readonly newWord: () => string },
): Work {
  const word = newWord()
  return async (caller) => {
    const replica = await workspace.replica()
    const { tasks } = replica
    const state = dice.pick(
      [...tasks.uids()]
        .sort()
        .flatMap((uid) => tasks.get(uid) ?? [])
        .filter((one) => !isGone(one)),
    )
    if (kind === 'create' || state === undefined) {
      const body = dice.chance(0.6) ? `${word} and ${newWord()}` : undefined
      return caller.call('task.create', { title: word, ...(body === undefined ? {} : { body }) })
    }
    const keys = [state.uid]
    switch (kind) {
      case 'set':
        return caller.call('tasks.update', {
          keys,
          changes: { title: word, status: dice.pick(['todo', 'doing', 'done']) ?? 'todo' },
        })
      case 'label':
        return caller.call('tasks.update', {
          keys,
          changes: dice.chance(0.5) ? { addLabels: ['web'] } : { removeLabels: ['web'] },
        })
      case 'remove':
        return caller.call('tasks.delete', { keys })
      case 'comment':
        return caller.call('task.comment', { key: state.uid, text: word })
      case 'body': {
        const body = editedText(readBody(replica, state), dice, newWord) ?? word
        return caller.call('tasks.update', { keys, changes: { body } })
      }
    }
  }
}

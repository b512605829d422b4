/** Commands in a simulation of files: each says in the book what it took away and what it brought. */
import type { TaskChanges } from '../../src/internal.ts'
import { canonical } from '../../src/task/hash.ts'
import { LABEL, OTHER, TITLE, type Field } from '../../src/task/fields.ts'
import { aliveIn, type TaskState } from '../../src/task/registers.ts'
import { isDeleted, isGone } from '../../src/task/view.ts'
import type { Dice } from './dice.ts'
import type { MirrorBook } from './mirror-book.ts'
import type { Fate, OpenProject } from './mirror-process.ts'
import { editedBody, wordsIn } from './mirror-text.ts'
import type { MirroredWorkspace } from './mirror-workspace.ts'

export type CommandKind = 'create' | 'title' | 'status' | 'body' | 'labels' | 'field' | 'comment' | 'delete'

interface Given {
  readonly workspace: MirroredWorkspace
  readonly dice: Dice
  readonly book: MirrorBook
  readonly change: string
  readonly fate: Fate | undefined
}

interface Subject {
  readonly project: OpenProject
  readonly state: TaskState
}

type Command = (given: Given) => Promise<string>

export const commands: Readonly<Record<CommandKind, Command>> = {
  async create({ workspace, dice, book, change, fate }) {
    const [title, born, word] = [book.newWord(), book.newWord(), book.newWord()]
    const task = {
      title: `Make ${title}`,
      fields: { born },
      ...(dice.chance(0.7) ? { body: `Some ${word} text\nin two lines` } : {}),
    }
    book.saved('', `${title} ${born} ${'body' in task ? word : ''}`, change)
    book.born(born)
    const outcome = await workspace.act(
      'create',
      ({ caller }) => caller.call('task.create', task),
      fate,
      dice.chance(0.5),
    )
    if (outcome === 'done') {
      book.see(`${title} ${born} ${'body' in task ? word : ''}`, `workspace ${workspace.place}, created`)
      book.born(born)
      const birth = book.births.get(born)
      if (birth !== undefined) birth.isSeen = true
    }
    return outcome
  },
  title: (given) =>
    onSome(given, 'title', ({ project, state }) => {
      const word = given.book.newWord()
      replaces(given, state, TITLE, word)
      return update(project, state, { title: `Call it ${word}` }, word)
    }),
  status: (given) =>
    onSome(given, 'status', ({ project, state }) => {
      const status = given.dice.pick(['todo', 'doing', 'done', 'review']) ?? 'todo'
      return update(project, state, given.dice.chance(0.7) ? { status } : { priority: 'high' }, '')
    }),
  async body(given) {
    return onSome(given, 'body', async ({ project, state }) => {
      const { task } = await project.caller.call('task.get', { key: state.uid })
      const { text, moved } = editedBody(task.body, given.dice, given.book.newWord)
      given.book.saved(task.body, text, given.change, moved)
      return update(project, state, { body: text }, text)
    })
  },
  labels: (given) =>
    onSome(given, 'labels', ({ project, state }) => {
      const word = given.book.newWord()
      const gone = [...state.registers.keys()].filter((field) => field.startsWith(LABEL) && given.dice.chance(0.4))
      for (const field of gone) for (const one of wordsIn(field.slice(1))) given.book.removed.add(one)
      given.book.saved('', word, given.change)
      return update(project, state, { addLabels: [word], removeLabels: gone.map((field) => field.slice(1)) }, word)
    }),
  field: (given) =>
    onSome(given, 'field', ({ project, state }) => {
      const word = given.book.newWord()
      replaces(given, state, `${OTHER}estimate`, word)
      return update(project, state, { fields: { estimate: word } }, word)
    }),
  comment: (given) =>
    onSome(given, 'comment', async ({ project, state }) => {
      const word = given.book.newWord()
      given.book.saved('', word, given.change)
      await project.caller.call('task.comment', { key: state.uid, text: `Said ${word}` })
      return word
    }),
  delete: (given) =>
    onSome(given, 'delete', async ({ project, state }) => {
      for (const { value } of aliveIn(state, `${OTHER}born`))
        given.book.deleted.add(typeof value === 'string' ? value : '')
      await project.caller.call('tasks.delete', { keys: [state.uid] })
      return ''
    }),
}

/** What the work returns is in the document once it is done. */
async function onSome(given: Given, what: string, work: (subject: Subject) => Promise<string>): Promise<string> {
  const { workspace, dice, book, fate } = given
  let written = ''
  let isNothing = false
  const act = async (project: OpenProject): Promise<void> => {
    await project.lookAtFiles()
    const tasks = await project.tasks()
    const states = [...tasks.uids()].sort().flatMap((uid): readonly TaskState[] => {
      const state = tasks.get(uid)
      return state === undefined || isGone(state) || isDeleted(state) ? [] : [state]
    })
    const state = dice.pick(states)
    isNothing = state === undefined
    if (state !== undefined) written = await work({ project, state })
  }
  const outcome = await workspace.act(what, act, fate, dice.chance(0.5))
  if (outcome === 'done') book.see(written, `workspace ${workspace.place}, ${what}`)
  return isNothing ? 'nothing there' : outcome
}

async function update(
  { caller }: OpenProject,
  { uid }: TaskState,
  changes: TaskChanges,
  written: string,
): Promise<string> {
  await caller.call('tasks.update', { keys: [uid], changes })
  return written
}

/** A command has seen all values, the listed ones too. */
function replaces({ book, change }: Given, state: TaskState, field: Field, word: string): void {
  for (const { value } of aliveIn(state, field)) for (const one of wordsIn(canonical(value))) book.removed.add(one)
  book.saved('', word, change)
}

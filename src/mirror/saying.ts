/** The text of a file as the document would have it, and what such a text has seen. Reads nothing, writes nothing. */
import type { Format } from '../ports.ts'
import type { Uid } from '../ids.ts'
import type { Field } from '../task/fields.ts'
import { isConfirmed } from '../task/keys.ts'
import { aliveIn, isSeed, type Alive, type TaskState } from '../task/registers.ts'
import { isGone } from '../task/view.ts'
import type { Base, BaseTask } from './base.ts'
import { differing, isElement, patchFor, saidBy, saidIn, sameValue, shownAlive, type Said } from './said.ts'
import { impliedBy, type Bodies, type MirrorHost } from './world.ts'

interface Stood {
  readonly path: string
  readonly text: string
  /** Of the tasks in the text, in their order. */
  readonly uids: readonly Uid[]
}

/** With every task in it as the document has it. */
export async function textFor(
  { format }: { readonly format: Format },
  host: MirrorHost,
  { path, text, uids }: Stood,
): Promise<string> {
  const { names, firstStatus, tasks } = host
  let said = text
  for (const [place, task] of format.parse(path, text).tasks.entries()) {
    const uid = uids[place]
    const state = uid === undefined ? undefined : tasks.get(uid)
    if (uid === undefined || state === undefined || isGone(state)) continue
    const file = saidBy(task, names, impliedBy(path, task.body, firstStatus))
    const patch = patchFor(task, place, { file, live: saidIn(state), names })
    const body = task.body === undefined ? undefined : await host.body(state)
    const key = task.key !== null && isConfirmed(state) ? names.keyOf(uid) : undefined
    said = format.patch(path, said, [
      {
        ...patch,
        ...(task.id === null ? { id: uid } : {}),
        ...(key === undefined || key === task.key ? {} : { key }),
        ...(body === undefined || body === task.body ? {} : { body }),
      },
    ])
  }
  return said
}

/** The text that a process would have written, and did perhaps, before it ended. */
export async function baseAhead(world: { readonly format: Format }, host: MirrorHost, stood: Stood): Promise<Base> {
  const text = await textFor(world, host, stood)
  const remembered: BaseTask[] = []
  for (const [place, task] of world.format.parse(stood.path, text).tasks.entries()) {
    const uid = stood.uids[place]
    const state = uid === undefined ? undefined : host.tasks.get(uid)
    if (uid === undefined) continue
    const said = saidBy(task, host.names, impliedBy(stood.path, task.body, host.firstStatus))
    remembered.push(state === undefined ? { uid, seen: new Map() } : await seenNow(state, said, task.body, host.bodies))
  }
  return { text, how: 'written', tasks: remembered }
}

/** What a text that says what the document says has seen: the values behind what is shown. */
export async function seenNow(
  state: TaskState,
  said: Said,
  body: string | undefined,
  bodies: Bodies,
  before?: BaseTask['body'],
): Promise<BaseTask> {
  const live = saidIn(state)
  const seen = new Map<Field, readonly Alive[]>()
  const off = new Set(differing(live, said))
  for (const field of state.registers.keys()) {
    if (!live.has(field) && !said.has(field) && !isShown(field)) continue
    if (off.has(field)) {
      // The text says something else, or cannot say it: it has seen what says the same.
      const same = aliveIn(state, field).filter(({ value }) => sameValue(value, said.get(field)))
      seen.set(field, same)
    } else if (!isOneSeed(aliveIn(state, field))) seen.set(field, shownAlive(state, field))
  }
  const characters = body === undefined ? undefined : await bodies.charactersOf(state, before)
  return { uid: state.uid, seen, ...(characters === undefined ? {} : { body: characters }) }
}

/** Then the text itself says all there is to remember. */
function isOneSeed(values: readonly Alive[]): boolean {
  const [first] = values
  return values.length === 1 && first !== undefined && isSeed(first)
}

function isShown(field: string): boolean {
  return isElement(field) || !/^[bckKxXC]/.test(field)
}

/** What the methods of one workspace answer, held against the document on its disk. */
import type { Caller, Config, TaskDetail, TaskView } from '../../src/internal.ts'
import { readBody } from '../../src/task/body.ts'
import { conflictsOf } from '../../src/task/conflicts.ts'
import { publicName } from '../../src/task/fields.ts'
import { canonical } from '../../src/task/hash.ts'
import { inOrder } from '../../src/task/query.ts'
import { stampText } from '../../src/task/registers.ts'
import type { Replica } from '../../src/task/replica.ts'
import { viewDetail, type ViewContext } from '../../src/task/view.ts'

/** Where the answers of methods differ from what the document says. */
export async function differencesIn(
  caller: Caller,
  shadow: Replica,
  { config, now, hasEqualClocks }: { readonly config: Config; readonly now: number; readonly hasEqualClocks: boolean },
): Promise<readonly string[]> {
  // What is still to come is shown as now, and a list says the time as it was when the line was written.
  const timed = (view: TaskView | TaskDetail | undefined): string =>
    hasEqualClocks
      ? canonical(view)
      : canonical(view).replaceAll(/"(at|createdAt|updatedAt)":"[^"]*"/g, '"$1":"some time"')
  const { tasks } = shadow
  const context: ViewContext = { tasks, prefix: config.prefix, statuses: config.statuses, now }
  const states = inOrder(tasks)
  const found: string[] = []
  const listed = (await caller.call('tasks.list', { all: true })).tasks
  const meant = states.map((state) => viewDetail(state, readBody(shadow, state), context))
  for (const [index, detail] of meant.entries()) {
    const { body: _body, comments: _comments, aliases: _aliases, ...view } = detail
    if (timed(listed[index]) !== timed(view))
      found.push(`the list says ${canonical(listed[index])}\nthe document ${canonical(view)}`)
  }
  if (listed.length !== meant.length) found.push(`the list has ${listed.length} tasks, the document ${meant.length}`)
  const keys = new Set(listed.map(({ key }) => key))
  if (keys.size !== listed.length) found.push(`keys are shown twice: ${listed.map(({ key }) => key).join(' ')}`)
  for (const detail of meant) {
    const { task } = await caller.call('task.get', { key: detail.uid })
    if (timed(task) !== timed(detail)) found.push(`get says ${canonical(task)}\nthe document ${canonical(detail)}`)
  }
  const { conflicts } = await caller.call('conflicts.list', {})
  const told = conflicts.map(({ uid, field, values }) => `${uid}/${field}: ${values.map(({ id }) => id).join(' ')}`)
  const known = states.flatMap((state) =>
    conflictsOf(state).map(
      ({ field, values }) => `${state.uid}/${publicName(field)}: ${values.map(stampText).join(' ')}`,
    ),
  )
  if (String(told) !== String(known)) found.push(`conflicts are told as ${told.join('; ')}, not ${known.join('; ')}`)
  const { checks } = await caller.call('workspace.doctor', {})
  // Circles and clocks that are ahead are what the tasks are about, not what is wrong with the store.
  for (const { name, state, message } of checks)
    if (state === 'problem' && name !== 'tasks' && (hasEqualClocks || name !== 'summary'))
      found.push(`doctor: ${name}: ${message}`)
  return found
}

import { expect, it } from 'vitest'
import { memoryWorkspace, once } from '../support/project.ts'

it('smoke', async () => {
  const w = memoryWorkspace()
  const a = await once(w, (c) =>
    c.call('task.create', { title: 'Fix login', labels: ['web'], body: 'hello world\nsecond' }),
  )
  expect(a.task.key).toBe('T-1')
  const b = await once(w, (c) => c.call('task.create', { title: 'Second', dependsOn: ['T-1'], priority: 'high' }))
  expect(b.task).toMatchObject({ key: 'T-2', dependsOn: ['T-1'], ready: false })
  await once(w, (c) => c.call('tasks.transition', { keys: ['T-1'], to: 'done' }))
  const l = await once(w, (c) => c.call('tasks.list', {}))
  expect(l.tasks.map((t) => [t.key, t.ready])).toEqual([['T-2', true]])
  await once(w, (c) =>
    c.call('tasks.update', { keys: ['T-1'], changes: { body: 'hello brave world\nsecond', addLabels: ['x'] } }),
  )
  const g = await once(w, (c) => c.call('task.get', { key: 'T-1' }))
  expect(g.task).toMatchObject({ body: 'hello brave world\nsecond', labels: ['web', 'x'], status: 'done' })
  const s = await once(w, (c) => c.call('tasks.search', { words: 'BRAVE', all: true }))
  expect(s.tasks.map((t) => t.key)).toEqual(['T-1'])
  const u = await once(w, (c) => c.call('history.undo', {}))
  expect(u.tasks[0]?.labels).toEqual(['web'])
  expect((await once(w, (c) => c.call('task.get', { key: 'T-1' }))).task.body).toBe('hello world\nsecond')
  const h = await once(w, (c) => c.call('history.list', {}))
  expect(h.changes.map((c) => c.verb)).toEqual(['undo', 'set', 'set', 'create', 'create'])
  await once(w, (c) => c.call('task.comment', { key: 'T-2', text: 'hi' }))
  await once(w, (c) => c.call('tasks.delete', { keys: ['T-2'] }))
  expect((await once(w, (c) => c.call('tasks.list', {}))).tasks).toEqual([])
  await once(w, (c) => c.call('tasks.purge', { keys: ['T-2'], confirmed: true }))
  expect((await once(w, (c) => c.call('tasks.list', { all: true }))).tasks.map((t) => t.key)).toEqual(['T-1'])
  const d = await once(w, (c) => c.call('workspace.doctor', {}))
  expect(d.healthy).toBe(true)
})

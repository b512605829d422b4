/** From which text was a changed file edited: what a save means beside what commands did meanwhile. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseUid } from '../../src/ids.ts'
import { readRecord, writeRecord } from '../../src/mirror/base.ts'
import { openDesk, type Desk } from './desk.ts'

const FILE = 'tasks/T-1-fix-login.md'
const BODY = 'One.\n\nTwo.\n'

/** A task whose file a person saved last: `how` it began to differ is up to the test. */
async function withSavedTask(): Promise<{ readonly desk: Desk; readonly saved: string }> {
  const desk = openDesk()
  await desk.add('Fix login', { body: 'Two.\n', labels: ['web'] })
  await desk.edit(FILE, 'Two.\n', BODY)
  await desk.sync()
  expect(await desk.verbs()).toEqual(['edit', 'create'])
  return { desk, saved: await desk.text(FILE) }
}

it('[M3] a file that is written again with the same bytes, by whom ever, is no change', async () => {
  const { desk, saved } = await withSavedTask()
  desk.save(FILE, saved)
  await desk.set('T-1', { status: 'doing' })
  desk.save(FILE, await desk.text(FILE))
  expect((await desk.sync()).files).toMatchObject({ imported: 0, written: 0, refused: [] })
  expect(await desk.verbs()).toEqual(['set', 'edit', 'create'])
})

it('[M1] a command changes the characters of what changed, and no others', async () => {
  const { desk, saved } = await withSavedTask()
  await desk.set('T-1', { status: 'doing' })
  expect(await desk.text(FILE)).toBe(saved.replace('status: todo', 'status: doing'))
  await desk.set('T-1', { addLabels: ['auth'] })
  expect(await desk.text(FILE)).toBe(
    saved.replace('status: todo', 'status: doing').replace('labels: [web]', 'labels: [web, auth]'),
  )
})

it('[M1] what means the same is written as the person wrote it: order, quotes and comments stay', async () => {
  const { desk, saved } = await withSavedTask()
  await desk.set('T-1', { addLabels: ['auth'] })
  const next = saved
    .replace('title: Fix login', "title: 'Fix login'   # as agreed")
    .replace('labels: [web]', 'labels:\n  - web # first\n  - "auth"')
  desk.save(FILE, next)
  expect(await desk.task('T-1')).toMatchObject({ title: 'Fix login', labels: ['auth', 'web'], conflicts: [] })
  expect(await desk.text(FILE)).toBe(next)
  await desk.set('T-1', { status: 'doing' })
  expect(await desk.text(FILE)).toBe(next.replace('status: todo', 'status: doing'))
})

it('[M2] a file that lost its whole front matter is the task it was, with its title and status', async () => {
  const { desk } = await withSavedTask()
  const { uid } = await desk.task('T-1')
  await desk.set('T-1', { status: 'doing' })
  desk.save(FILE, 'One.\n\nTwo, alone.\n')
  expect(await desk.task(uid)).toMatchObject({ title: 'Fix login', status: 'doing', body: 'One.\n\nTwo, alone.\n' })
  expect((await desk.call('tasks.list', { all: true })).tasks).toHaveLength(1)
  expect(await desk.text(FILE)).toMatch(
    new RegExp(`^---\\nid: ${uid}\\n(?:.*\\n)*---\\n+One\\.\\n\\nTwo, alone\\.\\n$`),
  )
})

it('[M11] a save is an edit of the newest text: its bytes stay, history names it, undo takes it back', async () => {
  const { desk, saved } = await withSavedTask()
  const next = saved.replace('status: todo', 'status: doing').replace('Two.', 'Two and a half.')
  desk.save(FILE, next)
  expect(await desk.task('T-1')).toMatchObject({ status: 'doing', body: 'One.\n\nTwo and a half.\n', conflicts: [] })
  expect(await desk.text(FILE)).toBe(next)
  expect(await desk.verbs()).toEqual(['edit', 'edit', 'create'])
  await desk.call('history.undo', {})
  expect(await desk.task('T-1')).toMatchObject({ status: 'todo', body: BODY, conflicts: [] })
  expect(await desk.text(FILE)).toBe(saved)
})

it('[M14] toggled in an editor: todo, doing and todo again, each save sticks and leaves nothing behind', async () => {
  const { desk, saved } = await withSavedTask()
  for (const status of ['doing', 'todo', 'doing', 'todo', 'done', 'todo']) {
    const next = saved.replace('status: todo', `status: ${status}`)
    desk.save(FILE, next)
    expect(await desk.task('T-1')).toMatchObject({ status, conflicts: [] })
    expect(await desk.text(FILE)).toBe(next)
  }
  expect(await desk.conflicts()).toEqual([])
})

it('[M14] toggled by turns in an editor and by a command, each word sticks', async () => {
  const { desk, saved } = await withSavedTask()
  for (let turn = 0; turn < 3; turn++) {
    desk.save(FILE, saved.replace('status: todo', 'status: doing'))
    expect((await desk.task('T-1')).status).toBe('doing')
    await desk.set('T-1', { status: 'todo' })
    expect(await desk.text(FILE)).toBe(saved)
  }
  expect(await desk.conflicts()).toEqual([])
})

it('[M14] an older text that one file shows again was put back on purpose: it wins, and lists what it displaced', async () => {
  const { desk, saved } = await withSavedTask()
  await desk.set('T-1', { status: 'done', priority: 'high', addLabels: ['auth'] })
  const later = await desk.text(FILE)
  desk.save(FILE, saved)
  expect(await desk.task('T-1')).toMatchObject({ status: 'todo', conflicts: ['status'] })
  expect(await desk.conflicts()).toEqual([
    {
      field: 'status',
      values: [
        ['todo', 'edit'],
        ['done', 'edit'],
      ],
    },
  ])
  // What the older text never showed it takes nothing from.
  expect(await desk.task('T-1')).toMatchObject({ priority: 'high', labels: ['auth', 'web'] })
  expect(await desk.text(FILE)).toBe(later.replace('status: done', 'status: todo'))
  expect((await desk.verbs())[0]).toBe('putback')

  await desk.call('history.undo', {})
  expect(await desk.task('T-1')).toMatchObject({ status: 'done', priority: 'high', conflicts: [] })
  expect(await desk.text(FILE)).toBe(later)
})

it('[M14] what a text put back had seen it supersedes: an element that went is there again', async () => {
  const { desk, saved } = await withSavedTask()
  await desk.set('T-1', { removeLabels: ['web'], addLabels: ['auth'] })
  desk.save(FILE, saved)
  expect((await desk.task('T-1')).labels).toEqual(['auth', 'web'])
  await desk.call('history.undo', {})
  expect((await desk.task('T-1')).labels).toEqual(['auth'])
})

it('[M22] a body put back whole is shown whole; what it displaced is listed, and undo shows that again', async () => {
  const { desk, saved } = await withSavedTask()
  await desk.set('T-1', { body: 'Another plan.\n' })
  const later = await desk.text(FILE)
  desk.save(FILE, saved)
  expect(await desk.task('T-1')).toMatchObject({ body: BODY, conflicts: ['body'] })
  expect(await desk.text(FILE)).toBe(saved)
  const [conflict] = await desk.conflicts()
  expect(conflict?.values.map(([value]) => value)).toEqual([BODY, 'Another plan.\n'])
  await desk.call('history.undo', {})
  expect(await desk.task('T-1')).toMatchObject({ body: 'Another plan.\n', conflicts: [] })
  expect(await desk.text(FILE)).toBe(later)
})

it('[M22] a first body that nobody had edited can be put back too', async () => {
  const desk = openDesk()
  await desk.add('Fix login', { body: BODY })
  const first = await desk.text(FILE)
  await desk.set('T-1', { body: 'One.\n\nTwo.\n\nThree.\n' })
  desk.save(FILE, first)
  expect(await desk.task('T-1')).toMatchObject({ body: BODY, conflicts: ['body'] })
  expect(await desk.text(FILE)).toBe(first)
  await desk.edit(FILE, 'One.', 'One!')
  expect((await desk.task('T-1')).body).toBe('One!\n\nTwo.\n')
})

it('[M15] a stale save: its own words come in, newer values stay, what merely equals the old text says nothing', async () => {
  const { desk, saved } = await withSavedTask()
  await desk.set('T-1', { status: 'done', priority: 'high', body: `${BODY}\nThree.\n` })
  const later = await desk.text(FILE)
  desk.save(FILE, saved.replace('One.', 'One, and more.'))
  expect(await desk.task('T-1')).toMatchObject({
    status: 'done',
    priority: 'high',
    body: 'One, and more.\n\nTwo.\n\nThree.\n',
    conflicts: [],
  })
  expect(await desk.text(FILE)).toBe(later.replace('One.', 'One, and more.'))
  expect((await desk.verbs())[0]).toBe('edit')
  await desk.call('history.undo', {})
  expect(await desk.text(FILE)).toBe(later)
})

it('[M15] a field that a stale save changed, and someone else too, is listed as a stale save; the newer one stays', async () => {
  const { desk, saved } = await withSavedTask()
  await desk.set('T-1', { status: 'done', priority: 'high' })
  const later = await desk.text(FILE)
  desk.save(FILE, saved.replace('status: todo', 'status: review'))
  expect(await desk.task('T-1')).toMatchObject({ status: 'done', priority: 'high', conflicts: ['status'] })
  expect(await desk.conflicts()).toEqual([
    {
      field: 'status',
      values: [
        ['done', 'edit'],
        ['review', 'stale save'],
      ],
    },
  ])
  expect(await desk.text(FILE)).toBe(later)
  await desk.call('conflict.resolve', { key: 'T-1', field: 'status', take: 1 })
  expect(await desk.task('T-1')).toMatchObject({ status: 'review', conflicts: [] })
  expect(await desk.text(FILE)).toBe(later.replace('status: done', 'status: review'))
})

it('[M15] an element that a stale save adds or takes is added or taken', async () => {
  const { desk, saved } = await withSavedTask()
  await desk.set('T-1', { status: 'done', priority: 'high', addLabels: ['auth'] })
  desk.save(FILE, saved.replace('labels: [web]', 'labels: [api]'))
  expect(await desk.task('T-1')).toMatchObject({ status: 'done', labels: ['api', 'auth'], conflicts: [] })
})

it('[M15] a stale save of the title keeps the newer one in the file and lists the other', async () => {
  const { desk, saved } = await withSavedTask()
  await desk.set('T-1', { title: 'Fix the login', priority: 'high' })
  desk.save(FILE, saved.replace('title: Fix login', 'title: Mend login'))
  expect(await desk.task('T-1')).toMatchObject({ title: 'Fix the login', conflicts: ['title'] })
  expect((await desk.conflicts())[0]?.values).toEqual([
    ['Fix the login', 'edit'],
    ['Mend login', 'stale save'],
  ])
})

it('[M16] the same text saved again after the newer value was put back is meant, and sticks', async () => {
  const { desk, saved } = await withSavedTask()
  await desk.set('T-1', { status: 'done', priority: 'high' })
  const stale = saved.replace('status: todo', 'status: review')
  desk.save(FILE, stale)
  expect((await desk.task('T-1')).status).toBe('done')
  desk.save(FILE, stale)
  expect(await desk.task('T-1')).toMatchObject({ status: 'review', priority: 'high' })
  expect((await desk.verbs())[0]).toBe('putback')
  expect(await desk.text(FILE)).toContain('status: review')
  await desk.sync({ force: true })
  expect((await desk.task('T-1')).status).toBe('review')
})

it('[M16] said again in the file as it is now, it is a plain edit that settles the conflict', async () => {
  const { desk, saved } = await withSavedTask()
  await desk.set('T-1', { status: 'done', priority: 'high' })
  desk.save(FILE, saved.replace('status: todo', 'status: review'))
  await desk.sync()
  await desk.edit(FILE, 'status: done', 'status: review')
  expect(await desk.task('T-1')).toMatchObject({ status: 'review', priority: 'high', conflicts: [] })
})

it('[M10] a text older than the last save is none to go back to: it is an edit of that save, and newer values stay', async () => {
  const { desk, saved } = await withSavedTask()
  await desk.edit(FILE, 'status: todo', 'status: doing')
  await desk.edit(FILE, 'title: Fix login', 'title: Mend login')
  await desk.set('T-1', { priority: 'high' })
  desk.save(FILE, saved)
  expect(await desk.task('T-1')).toMatchObject({ status: 'todo', title: 'Fix login', priority: 'high', conflicts: [] })
  expect((await desk.verbs())[0]).toBe('edit')
})

it('[M11] nearness counts fields and lines, not characters: a long stale word is no edit of a newer text', async () => {
  const { desk, saved } = await withSavedTask()
  // By characters `status: done` is nearer to the stale `status: dropped` than the old `status: todo` with a whole new line.
  await desk.set('T-1', { status: 'done', fields: { x: 1 } })
  desk.save(FILE, saved.replace('status: todo', 'status: dropped'))
  expect(await desk.task('T-1')).toMatchObject({ status: 'done', conflicts: ['status'] })
})

it('[M11] as near to two texts, it is an edit of the newer one', async () => {
  const { desk, saved } = await withSavedTask()
  await desk.set('T-1', { status: 'done' })
  desk.save(FILE, saved.replace('status: todo', 'status: review'))
  expect(await desk.task('T-1')).toMatchObject({ status: 'review', conflicts: [] })
  expect((await desk.verbs())[0]).toBe('edit')
})

it('[M11] of equal texts the newest counts: put back, it supersedes what that one had seen', async () => {
  const { desk, saved } = await withSavedTask()
  await desk.set('T-1', { status: 'doing' })
  await desk.set('T-1', { status: 'todo' })
  expect(await desk.text(FILE)).toBe(saved)
  await desk.set('T-1', { status: 'done' })
  desk.save(FILE, saved)
  expect((await desk.conflicts())[0]?.values).toEqual([
    ['todo', 'edit'],
    ['done', 'edit'],
  ])
})

it('[M2] words of an editor and of a command in one body stand there once each, in one place each', async () => {
  const { desk, saved } = await withSavedTask()
  await desk.set('T-1', { body: 'One.\n\nTwo, by command.\n\nThree.\n' })
  desk.save(FILE, saved.replace('One.', 'Zero.\n\nOne, by hand.'))
  const body = 'Zero.\n\nOne, by hand.\n\nTwo, by command.\n\nThree.\n'
  expect((await desk.task('T-1')).body).toBe(body)
  expect(await desk.text(FILE)).toMatch(/\n---\n\nZero\.\n\nOne, by hand\.\n\nTwo, by command\.\n\nThree\.\n$/)
})

it('[M20] the same edit made again after it was taken back is a new one, every time', async () => {
  const { desk, saved } = await withSavedTask()
  const next = saved.replace('Two.', 'Two and three.')
  for (let turn = 0; turn < 3; turn++) {
    desk.save(FILE, next)
    expect((await desk.task('T-1')).body).toBe('One.\n\nTwo and three.\n')
    await desk.call('history.undo', {})
    expect(await desk.text(FILE)).toBe(saved)
  }
  desk.save(FILE, next)
  await desk.sync()
  desk.save(FILE, saved)
  await desk.sync()
  desk.save(FILE, next)
  expect((await desk.task('T-1')).body).toBe('One.\n\nTwo and three.\n')
  expect(await desk.text(FILE)).toBe(next)
})

describe('what is remembered', () => {
  const pieces = fc.constantFrom('a', 'b', 'line\n', '🌀', '\ud83c', '漢'.repeat(5_000), 'x'.repeat(700))
  const text = fc.array(pieces, { maxLength: 12 }).map((parts) => parts.join(''))

  it('[M7] comes back from its bytes as it was, and what texts have in common is written once', () => {
    fc.assert(
      fc.property(fc.array(text, { maxLength: 6 }), (texts) => {
        const uid = parseUid('f00000000a')
        const bases = texts.map((one, index) => ({
          text: one.toWellFormed(),
          how: index % 2 === 0 ? ('read' as const) : ('written' as const),
          tasks: [{ uid, seen: new Map() }],
        }))
        expect(readRecord(writeRecord({ bases }))).toEqual({ bases })
      }),
    )
    const long = 'word '.repeat(20_000)
    const bases = [1, 2, 3, 4].map((turn) => ({ text: `${long}${turn}${long}`, how: 'read' as const, tasks: [] }))
    expect(writeRecord({ bases }).length).toBeLessThan(2.1 * long.length)
    expect(readRecord(writeRecord({ bases }))).toEqual({ bases })
  })
})

/** Files get the names of their tasks' keys once those are certain: never over another file, and whatever ends in between. */
import { expect, it } from 'vitest'
import { cloneOf, expectEqual } from './clones.ts'
import { exchange, openDesk, pass, type Desk } from './desk.ts'
import { confirm, expectSettled, namesOf } from './confirming.ts'

const BODY = 'One.\n\nTwo.\n'

it('[M56] a file is named after the key when that is certain, and its task, its memory and the lists follow it', async () => {
  const desk = openDesk()
  await desk.add('Fix login', { body: BODY })
  await confirm(desk, { 'T-1': 4 })
  expect(await namesOf(desk)).toEqual({ 'tasks/T-4-fix-login.md': 'T-4 Fix login' })
  expect(await desk.task('T-4')).toMatchObject({ key: 'T-4', path: 'tasks/T-4-fix-login.md' })
  await desk.edit('tasks/T-4-fix-login.md', 'Two.', 'Two, edited.')
  await desk.set('T-4', { status: 'doing' })
  expect(await desk.task('T-4')).toMatchObject({ body: 'One.\n\nTwo, edited.\n', status: 'doing', conflicts: [] })
  expect(await desk.text('tasks/T-4-fix-login.md')).toContain('status: doing')
  expect(await desk.verbs()).toEqual(['set', 'edit', 'create'])
  await expectSettled(desk)
})

it('[M56] a file that has the name already keeps it, and so does one whose task is not certain', async () => {
  const desk = openDesk()
  for (const title of ['One', 'Other']) await desk.add(title)
  await confirm(desk, { 'T-1': 1 })
  expect(await namesOf(desk)).toEqual({ 'tasks/T-1-one.md': 'T-1 One', 'tasks/T-2-other.md': 'T-2 Other' })
  await expectSettled(desk)
})

it('[M56] two sides that made tasks at the same moment end with the same names', async () => {
  const first = openDesk({ seed: 1 })
  await first.add('Was there')
  await confirm(first, { 'T-1': 1 })
  const one = first
  const other = await cloneOf(first, 2)
  await exchange(one, other)
  const titles = ['Same', 'Here', 'There']
  const made = new Map<string, Desk>([
    ['Here', one],
    ['There', other],
  ])
  for (const title of titles) {
    if (title === 'Same') for (const desk of [one, other]) await desk.add(title)
    else await made.get(title)?.add(title)
  }
  await exchange(one, other)
  const { tasks } = await one.call('tasks.list', {})
  const disputed = tasks.filter(({ key }) => key !== 'T-1')
  expect(disputed).toHaveLength(4)
  expect(disputed.filter(({ key }) => key.includes('.'))).toHaveLength(2)
  // The last made is asked for first.
  await confirm(one, Object.fromEntries(disputed.toReversed().map(({ key }, index) => [key, index + 2])))
  await exchange(one, other)
  await expectEqual(one, other)
  expect((await one.paths()).map((path) => path.slice(0, 10))).toEqual(
    ['T-1', 'T-2', 'T-3', 'T-4', 'T-5'].map((key) => `tasks/${key}-`),
  )
  for (const desk of [one, other]) {
    expect(Object.keys(await namesOf(desk)).filter((path) => /-\d\.md$/.test(path))).toEqual([])
    await expectSettled(desk)
  }
})

it('[M45][M56] a file whose key is bare only now, because the other with its number got another one, is named so', async () => {
  const one = openDesk({ seed: 1 })
  await one.add('Was there')
  await confirm(one, { 'T-1': 1 })
  const other = await cloneOf(one, 2)
  await exchange(one, other)
  await one.add('Here')
  await other.add('There')
  await exchange(one, other)
  const { tasks } = await one.call('tasks.list', {})
  const longer = tasks.find(({ key }) => key.includes('.'))
  await confirm(one, { [longer?.key ?? '']: 2, 'T-2': 3 })
  expect(await one.task('T-2')).toMatchObject({ uid: longer?.uid, path: `tasks/T-2-${longer?.title.toLowerCase()}.md` })
  expect(Object.values(await namesOf(one)).sort()).toContain(`T-2 ${longer?.title}`)
  await expectSettled(one)
})

it.each([
  ['tasks/login.md', 'a name of its own'],
  ['tasks/deep/T-1-fix-login.md', 'a folder of its own'],
  ['tasks/T-9-fix-login.md', 'a key that the task never had'],
  ['tasks/T-1.zzz-fix-login.md', 'the id of another task'],
  ['tasks/T-01-fix-login.md', 'a number as nobody writes it'],
  ['tasks/T-1fix.md', 'a name that only begins so'],
  ['tasks/t-1-fix-login.md', 'small letters'],
])('[M57] %s stays: a person gave it %s', async (path) => {
  const desk = openDesk()
  await desk.add('Fix login')
  const text = await desk.text('tasks/T-1-fix-login.md')
  desk.remove('tasks/T-1-fix-login.md')
  desk.save(path, text)
  await desk.sync()
  await confirm(desk, { 'T-1': 4 })
  expect(await desk.paths()).toEqual([path])
  expect(await desk.text(path)).toContain('key: T-4\n')
  await expectSettled(desk)
})

it('[M57] what a person wrote behind the key stays', async () => {
  const desk = openDesk()
  const { uid } = await desk.add('Fix login')
  const text = await desk.text('tasks/T-1-fix-login.md')
  desk.remove('tasks/T-1-fix-login.md')
  desk.save(`tasks/T-1.${uid.slice(0, 3)}-Login, again (v2).md`, text)
  await confirm(desk, { 'T-1': 4 })
  expect(await desk.paths()).toEqual(['tasks/T-4-Login, again (v2).md'])
  await expectSettled(desk)
})

it.each(['removed', 'renamed'])('[M58] it waits for a name that another file has until that one is %s', async (how) => {
  const desk = openDesk()
  await desk.add('Fix')
  desk.save('tasks/T-4-fix.md', '---\ntitle: By hand\n---\nWords.\n')
  await desk.sync()
  await confirm(desk, { 'T-1': 4 })
  const before = await desk.text('tasks/T-4-fix.md')
  expect(await namesOf(desk)).toMatchObject({ 'tasks/T-1-fix.md': 'T-4 Fix' })
  expect(await desk.sync()).toMatchObject({ files: { written: 0 } })
  expect(await desk.text('tasks/T-4-fix.md')).toBe(before)
  desk.remove('tasks/T-4-fix.md')
  if (how === 'renamed') desk.save('tasks/by hand.md', before)
  await desk.sync()
  expect(await namesOf(desk)).toMatchObject({ 'tasks/T-4-fix.md': 'T-4 Fix' })
  expect(await desk.paths()).toHaveLength(how === 'renamed' ? 2 : 1)
  await expectSettled(desk)
})

it('[M58] it waits for the file of a task until that is deleted', async () => {
  const desk = openDesk()
  await desk.add('Fix')
  desk.save('tasks/T-4-fix.md', '---\ntitle: By hand\n---\nWords.\n')
  await desk.sync()
  await confirm(desk, { 'T-1': 4 })
  const { tasks } = await desk.call('tasks.list', {})
  await desk.call('tasks.delete', { keys: [tasks.find(({ title }) => title === 'By hand')?.uid ?? ''] })
  expect(await namesOf(desk)).toEqual({ 'tasks/T-4-fix.md': 'T-4 Fix' })
  await expectSettled(desk)
})

it.each([
  ['a chain', { 'T-1': 2, 'T-2': 3, 'T-3': 4 }],
  ['a chain the other way', { 'T-1': 9, 'T-2': 1, 'T-3': 2 }],
  ['two that change places', { 'T-1': 2, 'T-2': 1, 'T-3': 3 }],
  ['a circle', { 'T-1': 2, 'T-2': 3, 'T-3': 1 }],
])('[M58] %s comes out right, at once and one by one', async (_, given) => {
  for (const steps of [[given], Object.entries(given).map((one) => Object.fromEntries([one]))]) {
    const desk = openDesk()
    const uids = new Map<string, string>()
    for (const key of Object.keys(given)) uids.set(key, (await desk.add('Task', { body: `Of ${key}.\n` })).uid)
    for (const step of steps)
      await confirm(
        desk,
        Object.fromEntries(Object.entries(step).map(([key, number]) => [uids.get(key) ?? '', number])),
      )
    expect(await desk.paths()).toEqual(
      Object.values(given)
        .map((number) => `tasks/T-${number}-task.md`)
        .toSorted(),
    )
    for (const [key, number] of Object.entries(given))
      expect(await desk.text(`tasks/T-${number}-task.md`)).toMatch(
        new RegExp(`^id: ${uids.get(key)}\nkey: T-${number}\n[^]*\nOf ${key}\\.\n$`, 'm'),
      )
    await expectSettled(desk)
  }
})

it('[M59] in the middle of a merge no file is renamed; when it is over, it is', async () => {
  const desk = openDesk()
  await desk.add('Fix')
  desk.workspace.repository.underWay = true
  await confirm(desk, { 'T-1': 4 })
  await desk.sync()
  expect(await desk.paths()).toEqual(['tasks/T-1-fix.md'])
  desk.workspace.repository.underWay = false
  await desk.sync()
  expect(await namesOf(desk)).toEqual({ 'tasks/T-4-fix.md': 'T-4 Fix' })
  await expectSettled(desk)
})

it('[M59] a file that is left alone keeps its name until it can be read', async () => {
  const desk = openDesk()
  await desk.add('Fix', { body: BODY })
  const text = await desk.text('tasks/T-1-fix.md')
  const odd = text.replace('One.', '<<<<<<< a\nOne.\n=======\nUno.\n>>>>>>> b')
  desk.save('tasks/T-1-fix.md', odd)
  await desk.sync()
  await confirm(desk, { 'T-1': 4 })
  expect(await desk.text('tasks/T-1-fix.md')).toBe(odd)
  desk.save('tasks/T-1-fix.md', text.replace('One.', 'Uno.'))
  await desk.sync()
  expect(await namesOf(desk)).toEqual({ 'tasks/T-4-fix.md': 'T-4 Fix' })
  expect((await desk.task('T-4')).body).toBe('Uno.\n\nTwo.\n')
  await expectSettled(desk)
})

it('[M59] a save just before it is kept, under the new name', async () => {
  let before: (() => Promise<void>) | undefined
  const desk = openDesk({
    through: (files) => ({
      ...files,
      move: async (...args) => {
        const act = before
        before = undefined
        await act?.()
        return files.move(...args)
      },
    }),
  })
  await desk.add('Fix', { body: BODY })
  before = () => desk.edit('tasks/T-1-fix.md', 'Two.', 'Two, saved.')
  await confirm(desk, { 'T-1': 4 })
  await desk.sync()
  expect(await namesOf(desk)).toEqual({ 'tasks/T-4-fix.md': 'T-4 Fix' })
  expect((await desk.task('T-4')).body).toBe('One.\n\nTwo, saved.\n')
  await expectSettled(desk)
})

it('[M39][M59] what the disk refuses is told, and done with a later command', async () => {
  let refuses = true
  const { TaskError } = await import('../../src/internal.ts')
  const desk = openDesk({
    through: (files) => ({
      ...files,
      move: async (from, to, bytes) => {
        if (refuses) throw new TaskError('FILE_UNWRITABLE', { path: from, reason: 'permission denied' })
        return files.move(from, to, bytes)
      },
    }),
  })
  await desk.add('Fix')
  await confirm(desk, { 'T-1': 4 })
  expect(await namesOf(desk)).toEqual({ 'tasks/T-1-fix.md': 'T-4 Fix' })
  expect(await desk.problems()).toMatchObject([{ code: 'FILE_UNWRITABLE' }])
  refuses = false
  await desk.sync()
  expect(await namesOf(desk)).toEqual({ 'tasks/T-4-fix.md': 'T-4 Fix' })
  await expectSettled(desk)
})

it('[M34][M60] two files of one id that differ are no move: both stay, and it is told', async () => {
  const desk = openDesk()
  await desk.add('Fix', { body: BODY })
  await desk.sync()
  desk.save('tasks/T-4-fix.md', (await desk.text('tasks/T-1-fix.md')).replace('Two.', 'Other words.'))
  await desk.sync()
  await confirm(desk, { 'T-1': 4 })
  expect(await desk.paths()).toEqual(['tasks/T-1-fix.md', 'tasks/T-4-fix.md'])
  expect(await desk.text('tasks/T-4-fix.md')).toContain('Other words.')
  expect(await desk.problems()).toMatchObject([{ code: 'ID_TAKEN', path: 'tasks/T-4-fix.md' }])
})

it('[M61] an editor that was open saves under the former name: its words come in, and the file is one again', async () => {
  const desk = openDesk()
  await desk.add('Fix', { body: BODY })
  const open = await desk.text('tasks/T-1-fix.md')
  await confirm(desk, { 'T-1': 4 })
  await desk.set('T-4', { status: 'doing', title: 'Fix it' })
  desk.save('tasks/T-1-fix.md', open.replace('Two.', 'Two, saved.'))
  await desk.sync()
  expect(await namesOf(desk)).toEqual({ 'tasks/T-4-fix.md': 'T-4 Fix it' })
  expect(await desk.task('T-4')).toMatchObject({
    body: 'One.\n\nTwo, saved.\n',
    status: 'doing',
    path: 'tasks/T-4-fix.md',
  })
  await expectSettled(desk)
  // And once more, from the editor that is open still.
  desk.save('tasks/T-1-fix.md', open.replace('Two.', 'Two, saved again.'))
  await expectSettled(desk)
  expect((await desk.task('T-4')).body).toBe('One.\n\nTwo, saved again.\n')
})

it('[M61] saved under both names, nothing is written over: it is told', async () => {
  const desk = openDesk()
  await desk.add('Fix', { body: BODY })
  const open = await desk.text('tasks/T-1-fix.md')
  await confirm(desk, { 'T-1': 4 })
  desk.save('tasks/T-1-fix.md', open.replace('Two.', 'Two, saved.'))
  await desk.edit('tasks/T-4-fix.md', 'One.', 'Uno.')
  await desk.sync()
  expect(await desk.text('tasks/T-1-fix.md')).toContain('Two, saved.')
  expect((await desk.task('T-4')).body).toBe('Uno.\n\nTwo.\n')
  expect(await desk.problems()).toMatchObject([{ code: 'ID_TAKEN', path: 'tasks/T-1-fix.md' }])
})

it('[M56] what another side confirmed renames the files here too, also of a task that was edited meanwhile', async () => {
  const one = openDesk({ seed: 1 })
  await one.add('Fix', { body: BODY })
  await one.sync()
  const other = await cloneOf(one, 2)
  await exchange(one, other)
  await other.edit('tasks/T-1-fix.md', 'Two.', 'Two, there.')
  await confirm(one, { 'T-1': 4 })
  await pass(one, other)
  expect(await namesOf(other)).toEqual({ 'tasks/T-4-fix.md': 'T-4 Fix' })
  await exchange(one, other)
  await expectEqual(one, other)
  expect((await one.task('T-4')).body).toBe('One.\n\nTwo, there.\n')
  for (const desk of [one, other]) await expectSettled(desk)
})

it.each(['by hand', 'by version control'])(
  '[M9][M61] a text from before it had an id, back under its former name %s: no second task',
  async (how) => {
    const desk = openDesk()
    const text = '---\ntitle: Fix\n---\n\nOne.\n'
    desk.save('tasks/T-1-fix.md', text)
    await desk.commit()
    await desk.sync()
    await confirm(desk, { 'T-1': 4 })
    expect(await desk.paths()).toEqual(['tasks/T-4-fix.md'])
    desk.save('tasks/T-1-fix.md', text)
    if (how === 'by version control') desk.workspace.repository.touch()
    await desk.sync()
    expect((await desk.call('tasks.list', {})).tasks.map(({ key }) => key)).toEqual(['T-4'])
    expect((await desk.task('T-4')).body).toBe('One.\n')
  },
)

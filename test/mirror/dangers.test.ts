/** What must not be taken for an edit: each danger is told with its code and its place, changes no byte, and is over when its cause is. */
import { describe, expect, it } from 'vitest'
import { openDesk, type Desk } from './desk.ts'

const FILE = 'tasks/T-1-fix-login.md'
const OTHER = 'tasks/T-2-other.md'

async function withTasks(): Promise<{ readonly desk: Desk; readonly text: string }> {
  const desk = openDesk()
  await desk.add('Fix login', { body: 'One.\n\nTwo.\n', labels: ['web'] })
  await desk.add('Other')
  return { desk, text: await desk.text(FILE) }
}

interface Told {
  readonly path: string
  readonly code: string
  readonly message: RegExp
}

/** The one problem there is; its file keeps its bytes, whatever a command does to the task. */
async function expectHeld(desk: Desk, { path, code, message }: Told): Promise<void> {
  const before = Buffer.from(await desk.bytes(path))
  expect(await desk.problems()).toEqual([{ path, code, message: expect.stringMatching(message) }])
  await desk.set('T-1', { addLabels: ['meanwhile'] })
  expect((await desk.task('T-1')).labels).toEqual(['meanwhile', 'web'])
  expect(before.equals(await desk.bytes(path)), 'its bytes are untouched').toBe(true)
  expect(await desk.problems()).toHaveLength(1)
}

describe('texts that are no edits', () => {
  it('[M30] a file cut off inside a line waits: no task changes, and whole it is read', async () => {
    const { desk, text } = await withTasks()
    const whole = text.replace('Two.', 'Two, to be written slowly.')
    desk.save(FILE, text.slice(0, -6))
    // While the command waits, the editor goes on.
    const { runtime } = desk.workspace
    const running = desk.run((caller) => caller.call('workspace.sync', {}))
    for (let turn = 0; runtime.sleeping === 0 && turn < 1000; turn++) await Promise.resolve()
    desk.save(FILE, whole)
    await running
    expect((await desk.task('T-1')).body).toBe('One.\n\nTwo, to be written slowly.\n')
    expect((await desk.call('history.list', {})).changes.filter(({ verb }) => verb === 'edit')).toHaveLength(1)
    expect(await desk.problems()).toEqual([])
  })

  it('[M30] cut off and left so it was meant', async () => {
    const { desk, text } = await withTasks()
    desk.save(FILE, text.slice(0, -6))
    expect((await desk.task('T-1')).body).toBe('One.\n')
    expect(await desk.text(FILE)).toBe(text.slice(0, -6))
    expect(await desk.problems()).toEqual([])
  })

  it.each(['', '\n', ' \r\n\t\n'])('[M31] an empty file keeps its task, and its bytes: %j', async (empty) => {
    const { desk, text } = await withTasks()
    desk.save(FILE, empty)
    expect(await desk.task('T-1')).toMatchObject({ title: 'Fix login', body: 'One.\n\nTwo.\n', deleted: false })
    await expectHeld(desk, { path: FILE, code: 'FILE_EMPTY', message: /empty.*task is kept/ })
    desk.save(FILE, text.replace('status: todo', 'status: done'))
    expect(await desk.task('T-1')).toMatchObject({ status: 'done', labels: ['meanwhile', 'web'] })
    expect(await desk.problems()).toEqual([])
  })

  it('[M31] a new file that is empty is left alone until it says something', async () => {
    const { desk } = await withTasks()
    desk.save('tasks/new.md', '')
    expect((await desk.call('tasks.list', {})).tasks).toHaveLength(2)
    expect(await desk.text('tasks/new.md')).toBe('')
    desk.save('tasks/new.md', '# Water the plants\n')
    const { tasks } = await desk.call('tasks.list', {})
    expect(tasks.map(({ title }) => title).toSorted()).toEqual(['Fix login', 'Other', 'Water the plants'])
    expect(await desk.problems()).toEqual([])
  })

  it('[M32] conflict markers hold the file, by line; solved, the difference to what it was before comes in', async () => {
    const { desk, text } = await withTasks()
    const marked = text.replace('Two.', '<<<<<<< HEAD\nTwo here.\n=======\nTwo there.\n>>>>>>> other')
    desk.save(FILE, marked)
    expect((await desk.task('T-1')).body).toBe('One.\n\nTwo.\n')
    await expectHeld(desk, { path: FILE, code: 'FILE_CONFLICT_MARKERS', message: /line 11\b/ })
    desk.save(FILE, text.replace('Two.', 'Two of both.'))
    expect(await desk.task('T-1')).toMatchObject({ body: 'One.\n\nTwo of both.\n', labels: ['meanwhile', 'web'] })
    expect(await desk.text(FILE)).toContain('Two of both.')
    expect(await desk.problems()).toEqual([])
  })

  it('[M32] markers in the front matter too, with CRLF and a common ancestor', async () => {
    const { desk, text } = await withTasks()
    const marks = '<<<<<<< ours\nstatus: doing\n||||||| base\nstatus: todo\n=======\nstatus: done\n>>>>>>> theirs'
    desk.save(FILE, text.replace('status: todo', marks).replaceAll('\n', '\r\n'))
    await expectHeld(desk, { path: FILE, code: 'FILE_CONFLICT_MARKERS', message: /line 5\b/ })
    expect((await desk.task('T-1')).status).toBe('todo')
    desk.save(FILE, text.replace('status: todo', 'status: done'))
    expect((await desk.task('T-1')).status).toBe('done')
    expect(await desk.problems()).toEqual([])
  })

  it('[M32] a text about markers, in a fence or only one of the three, is a text', async () => {
    const { desk, text } = await withTasks()
    const fenced = '```\n<<<<<<< HEAD\na\n=======\nb\n>>>>>>> c\n```'
    desk.save(FILE, text.replace('Two.', fenced))
    expect((await desk.task('T-1')).body).toBe(`One.\n\n${fenced}\n`)
    desk.save(FILE, text.replace('Two.', 'Title\n=======\n\n<<<<<<< HEAD is a marker'))
    expect((await desk.task('T-1')).body).toContain('<<<<<<< HEAD is a marker')
    expect(await desk.problems()).toEqual([])
  })

  it('[M33] front matter that cannot be read at all keeps the task as it was; mended, it is read', async () => {
    const { desk, text } = await withTasks()
    desk.save(FILE, text.replace('\n---\n\n', '\n\n')) // never closed
    const [problem, ...others] = await desk.problems()
    expect(others).toEqual([])
    expect(problem).toMatchObject({ path: FILE })
    expect(problem?.message).toMatch(/^line \d+: \S/)
    await expectHeld(desk, { path: FILE, code: problem?.code ?? '', message: /^line \d+: / })
    expect(await desk.task('T-1')).toMatchObject({ title: 'Fix login', status: 'todo', body: 'One.\n\nTwo.\n' })
    desk.save(FILE, text.replace('status: todo', 'status: done'))
    expect(await desk.task('T-1')).toMatchObject({ status: 'done', labels: ['meanwhile', 'web'] })
    expect(await desk.problems()).toEqual([])
  })

  it('[M33] one field that cannot be read keeps its last value and its bytes; the others are read and written', async () => {
    const { desk, text } = await withTasks()
    desk.save(FILE, text.replace('labels: [web]', 'labels: [web').replace('status: todo', 'status: doing'))
    const task = await desk.task('T-1')
    const [problem] = await desk.problems()
    expect(problem).toMatchObject({ path: FILE, message: expect.stringMatching(/^line 6: \S/) })
    expect(task.labels).toEqual(['web'])
    expect(task.status).toBe('doing')
    await desk.set('T-1', { priority: 'high' })
    expect(await desk.text(FILE)).toContain('\nlabels: [web\n')
    expect(await desk.text(FILE)).toContain('\npriority: high\n')
    expect(await desk.problems()).toHaveLength(1)
    await desk.edit(FILE, 'labels: [web', 'labels: [web, api]')
    expect(await desk.task('T-1')).toMatchObject({ labels: ['api', 'web'], status: 'doing', priority: 'high' })
    expect(await desk.problems()).toEqual([])
  })

  it('[M38] bytes that are not UTF-8 are left alone and told', async () => {
    const { desk, text } = await withTasks()
    desk.save(FILE, Uint8Array.from([...new TextEncoder().encode(text), 0xff, 0xfe]))
    await expectHeld(desk, { path: FILE, code: 'FILE_NOT_UTF8', message: /UTF-8/ })
    desk.save(FILE, text.replace('status: todo', 'status: done'))
    expect(await desk.task('T-1')).toMatchObject({ status: 'done', labels: ['meanwhile', 'web'] })
    expect(await desk.problems()).toEqual([])
  })

  it('[M38] a NUL byte is told with its line', async () => {
    const { desk, text } = await withTasks()
    desk.save(FILE, text.replace('Two.', 'Two\0.'))
    await expectHeld(desk, { path: FILE, code: 'FILE_BINARY', message: /line 11\b.*NUL/ })
    desk.save(FILE, text)
    expect(await desk.problems()).toEqual([])
  })

  it('[M38] a file of more than 5 MB is told with its size, and not read', async () => {
    const { desk, text } = await withTasks()
    const large = text + 'x'.repeat(5 * 1024 * 1024)
    desk.save(FILE, large)
    await expectHeld(desk, { path: FILE, code: 'FILE_TOO_LARGE', message: new RegExp(`${large.length} bytes.*5 MB`) })
    expect((await desk.task('T-1')).body).toBe('One.\n\nTwo.\n')
    desk.save(FILE, text)
    expect(await desk.problems()).toEqual([])
  })
})

describe('files and tasks', () => {
  it('[M34] a copy of a file stands for no task: the first keeps its id, the copy is told and left alone', async () => {
    const { desk, text } = await withTasks()
    const copy = text.replace('title: Fix login', 'title: A copy')
    desk.save('tasks/copy.md', copy)
    expect(await desk.problems()).toEqual([
      { path: 'tasks/copy.md', code: 'ID_TAKEN', message: expect.stringContaining(FILE) },
    ])
    await desk.set('T-1', { status: 'done' })
    expect(await desk.text('tasks/copy.md')).toBe(copy)
    expect(await desk.text(FILE)).toBe(text.replace('status: todo', 'status: done'))
    expect((await desk.call('tasks.list', { all: true })).tasks).toHaveLength(2)
    // As the message says: without its id it is a task of its own.
    await desk.edit('tasks/copy.md', `id: ${/id: (\w+)/.exec(text)?.[1] ?? ''}\n`, '')
    const { tasks } = await desk.call('tasks.list', { all: true })
    expect(tasks.map(({ title }) => title).toSorted()).toEqual(['A copy', 'Fix login', 'Other'])
    expect(new Set(tasks.map(({ uid }) => uid)).size).toBe(3)
    expect(await desk.problems()).toEqual([])
  })

  it('[M34] two new files with one id at first sight: one is the task, the other is told', async () => {
    const { desk } = await withTasks()
    const file = (title: string): string => `---\nid: 4fq7k2m9x3\ntitle: ${title}\n---\n`
    desk.save('tasks/a.md', file('A'))
    desk.save('tasks/b.md', file('B'))
    expect((await desk.problems()).map(({ path, code }) => [path, code])).toEqual([['tasks/b.md', 'ID_TAKEN']])
    const { tasks } = await desk.call('tasks.list', { all: true })
    expect(tasks.map(({ title }) => title).toSorted()).toEqual(['A', 'Fix login', 'Other'])
    expect(await desk.text('tasks/b.md')).toBe(file('B'))
    desk.remove('tasks/a.md')
    desk.save('tasks/b.md', file('B again'))
    expect((await desk.task('4fq7k2m9x3')).title).toBe('B again')
    expect(await desk.problems()).toEqual([])
  })

  it('[M34] an id that is none of ours is told, and nothing is written', async () => {
    const { desk } = await withTasks()
    desk.save('tasks/odd.md', '---\nid: "my own id"\ntitle: Odd\n---\n')
    expect(await desk.problems()).toEqual([
      { path: 'tasks/odd.md', code: 'ID_INVALID', message: expect.stringContaining('my own id') },
    ])
    expect(await desk.text('tasks/odd.md')).toBe('---\nid: "my own id"\ntitle: Odd\n---\n')
  })

  it('[M35] a renamed file is the same task, also with an edit, and is written under its new name from then on', async () => {
    const { desk, text } = await withTasks()
    const before = await desk.task('T-1')
    desk.remove(FILE)
    desk.save('tasks/later/T-1-renamed.md', text.replace('status: todo', 'status: doing'))
    expect(await desk.task('T-1')).toMatchObject({
      uid: before.uid,
      status: 'doing',
      deleted: false,
      path: 'tasks/later/T-1-renamed.md',
      conflicts: [],
    })
    await desk.set('T-1', { status: 'done' })
    expect(await desk.paths()).toEqual([OTHER, 'tasks/later/T-1-renamed.md'])
    expect(await desk.text('tasks/later/T-1-renamed.md')).toBe(text.replace('status: todo', 'status: done'))
    expect(await desk.problems()).toEqual([])
    expect(await desk.verbs()).not.toContain('delete')
  })

  it('[M35] what a renamed file held before is still known: its old text put back is put back', async () => {
    const { desk, text } = await withTasks()
    await desk.edit(FILE, 'Two.', 'Two!')
    await desk.set('T-1', { status: 'done', priority: 'high' })
    desk.remove(FILE)
    desk.save('tasks/renamed.md', text.replace('Two.', 'Two!').replace('One.', 'One!'))
    expect(await desk.task('T-1')).toMatchObject({ status: 'done', priority: 'high', body: 'One!\n\nTwo!\n' })
  })

  it('[M35] a retitled task keeps its file; a title changed in the file is that task retitled', async () => {
    const { desk, text } = await withTasks()
    await desk.set('T-1', { title: 'Mend login' })
    expect(await desk.text(FILE)).toBe(text.replace('title: Fix login', 'title: Mend login'))
    await desk.edit(FILE, 'title: Mend login', 'title: Login works')
    expect(await desk.task('T-1')).toMatchObject({ title: 'Login works', path: FILE })
    expect(await desk.paths()).toEqual([FILE, OTHER])
  })

  it('[M35] two files that change names keep their tasks', async () => {
    const { desk, text } = await withTasks()
    const other = await desk.text(OTHER)
    const [one, two] = [await desk.task('T-1'), await desk.task('T-2')]
    desk.save(FILE, other)
    desk.save(OTHER, text)
    expect(await desk.task('T-1')).toMatchObject({ uid: one.uid, title: 'Fix login', path: OTHER, deleted: false })
    expect(await desk.task('T-2')).toMatchObject({ uid: two.uid, title: 'Other', path: FILE, deleted: false })
    expect(await desk.problems()).toEqual([])
    await desk.set('T-1', { status: 'done' })
    expect(await desk.text(OTHER)).toBe(text.replace('status: todo', 'status: done'))
    expect(await desk.text(FILE)).toBe(other)
  })

  it('[M40] files of a moment and copies of a file synchroniser are no tasks', async () => {
    const { desk, text } = await withTasks()
    const moments = ['.T-1-fix-login.md.swp', '4913', 'T-1-fix-login.md~', '#T-1-fix-login.md#', '.#T-1-fix-login.md']
    const more = ['T-1.md.tmp', 'T-1.md.orig', 'T-1.md.bak', 'T-1.md.rej', 'T-1.md___jb_tmp___', '~$T-1.md']
    for (const name of [...moments, ...more]) desk.save(`tasks/${name}`, text.replace('todo', 'done'))
    const copies = [
      'T-1-fix-login.sync-conflict-20250101-120000-ABCDEFG.md',
      "T-1-fix-login (Sara's conflicted copy 2025-01-01).md",
    ]
    for (const name of copies) desk.save(`tasks/${name}`, text.replace('todo', 'review'))
    await desk.set('T-1', { priority: 'high' })
    expect((await desk.call('tasks.list', { all: true })).tasks.map(({ key, status }) => [key, status])).toEqual([
      ['T-1', 'todo'],
      ['T-2', 'todo'],
    ])
    for (const name of copies) expect(await desk.text(`tasks/${name}`)).toBe(text.replace('todo', 'review'))
    // Nothing is lost silently: the copies hold words that nobody merged.
    expect((await desk.problems()).map(({ path }) => path)).toEqual(copies.map((name) => `tasks/${name}`).toSorted())
  })

  it('[M41] two tasks with one title have a file each; odd names are names', async () => {
    const { desk } = await withTasks()
    await desk.add('Fix login')
    await desk.add('Ünï 🌊 #1 / a?')
    const odd = [
      'tasks/a b.md',
      'tasks/issue #7.md',
      'tasks/🌊.md',
      'tasks/tab\tand\\back.md',
      'tasks/=.md',
      'tasks/ü.md',
    ]
    for (const path of odd) desk.save(path, `---\ntitle: ${JSON.stringify(path)}\n---\nHere.\n`)
    const { tasks } = await desk.call('tasks.list', { all: true })
    expect(tasks).toHaveLength(4 + odd.length)
    expect(new Set(tasks.map(({ path }) => path)).size).toBe(tasks.length)
    for (const path of odd) {
      const task = tasks.find((one) => one.path === path)
      expect(task?.title).toBe(path)
      await desk.set(task?.key ?? '', { status: 'done' })
      expect(await desk.text(path)).toMatch(/\nstatus: done\n/)
    }
    expect(await desk.problems()).toEqual([])
    const paths = await desk.paths()
    expect(new Set(paths.map((path) => path.toLowerCase())).size).toBe(paths.length)
  })

  it('[M41] a new file never takes a name that differs from another in case or composition only', async () => {
    const { desk } = await withTasks()
    desk.save('tasks/t-3-cafe\u0301.md', '---\ntitle: Taken\n---\n')
    await desk.sync()
    await desk.add('Café')
    await desk.add('Other')
    const folded = (await desk.paths()).map((path) => path.toLowerCase().normalize('NFC'))
    expect(new Set(folded).size).toBe(folded.length)
    expect(await desk.text('tasks/t-3-cafe\u0301.md')).toContain('title: Taken')
  })
})

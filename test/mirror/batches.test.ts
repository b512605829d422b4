/** What version control puts into the folder is no edit by itself; what it brings from others is one. And what is remembered is bounded. */
import { describe, expect, it } from 'vitest'
import { readRecord } from '../../src/mirror/base.ts'
import { openDesk, type Desk } from './desk.ts'

const FILES = ['tasks/T-1-one.md', 'tasks/T-2-two.md', 'tasks/T-3-three.md', 'tasks/T-4-four.md'] as const
const [ONE, TWO, THREE, FOUR] = FILES
const KEYS = ['T-1', 'T-2', 'T-3', 'T-4'] as const

/** Four tasks, their files committed. */
async function withCommit(): Promise<{
  readonly desk: Desk
  readonly commit: string
  readonly texts: readonly string[]
}> {
  const desk = openDesk()
  for (const title of ['One', 'Two', 'Three', 'Four']) await desk.add(title, { body: `First of ${title}.\n\nLast.\n` })
  const commit = await desk.commit()
  await desk.sync()
  return { desk, commit, texts: await textsOf(desk) }
}

async function textsOf(desk: Desk): Promise<readonly string[]> {
  return Promise.all(FILES.map((path) => desk.text(path)))
}

function show(desk: Desk, texts: readonly string[]): void {
  for (const [index, path] of FILES.entries()) desk.save(path, texts[index] ?? '')
}

async function statuses(desk: Desk): Promise<readonly string[]> {
  const { tasks } = await desk.call('tasks.list', { all: true })
  return KEYS.map((key) => tasks.find((task) => task.key === key)?.status ?? '')
}

/** More texts than are remembered. */
async function passMany(desk: Desk, key: string): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await desk.set(key, { fields: { turn } })
  await desk.set(key, { fields: { turn: null } })
}

describe('texts that were there before', () => {
  it('[M12] after a checkout one older text is no edit: the task stays, the file is left, status tells', async () => {
    const { desk, commit, texts } = await withCommit()
    await desk.set('T-1', { status: 'done' })
    await desk.commit()
    await desk.sync()
    const later = await desk.text(ONE)
    desk.workspace.repository.checkout(commit)
    desk.save(ONE, texts[0] ?? '')
    expect(await statuses(desk)).toEqual(['done', 'todo', 'todo', 'todo'])
    expect(await desk.text(ONE)).toBe(texts[0])
    const [problem, ...others] = await desk.problems()
    expect(others).toEqual([])
    expect(problem).toMatchObject({ path: ONE, code: 'FILES_OLDER' })
    expect(problem?.message).toMatch(/^1 file shows an older text.*T-1-one\.md.*tide sync --take-files$/)
    expect(await desk.verbs()).not.toContain('edit')
    // Back on the branch all is as it was, without a word left.
    desk.workspace.repository.checkout('2'.padStart(40, '0'))
    desk.save(ONE, later)
    expect(await desk.problems()).toEqual([])
    expect(await desk.text(ONE)).toBe(later)
  })

  it('[M12] all files of an old branch at once, one command in between, and back: nothing is lost, nothing told for ever', async () => {
    const { desk, commit, texts } = await withCommit()
    for (const key of KEYS) await desk.set(key, { status: 'doing', priority: 'high' })
    const newer = await desk.commit()
    await desk.sync()
    const later = await textsOf(desk)
    desk.workspace.repository.checkout(commit)
    show(desk, texts)
    await desk.set('T-2', { status: 'done' })
    expect(await textsOf(desk)).toEqual(texts)
    expect(await statuses(desk)).toEqual(['doing', 'done', 'doing', 'doing'])
    expect((await desk.problems()).map(({ code, path, message }) => [code, path, message.slice(0, 26)])).toEqual([
      ['FILES_OLDER', null, '4 files show an older text'],
    ])
    desk.workspace.repository.checkout(newer)
    show(desk, later)
    expect(await statuses(desk)).toEqual(['doing', 'done', 'doing', 'doing'])
    expect(await desk.problems()).toEqual([])
    expect(await textsOf(desk)).toEqual(
      later.map((text, index) => (index === 1 ? text.replace('status: doing', 'status: done') : text)),
    )
  })

  it('[M12] three files at once that show older texts are no edit, with no version control at all', async () => {
    const { desk, texts } = await withCommit()
    for (const key of KEYS) await desk.set(key, { status: 'done' })
    for (const [index, path] of [ONE, TWO, THREE].entries()) desk.save(path, texts[index] ?? '')
    expect(await statuses(desk)).toEqual(['done', 'done', 'done', 'done'])
    expect((await desk.problems())[0]).toMatchObject({ code: 'FILES_OLDER', path: null })
    expect((await desk.problems())[0]?.message).toMatch(/^3 files show/)
    expect(await desk.text(ONE)).toBe(texts[0])
  })

  it('[M12][M14] two files at once were put back by hand', async () => {
    const { desk, texts } = await withCommit()
    for (const key of KEYS) await desk.set(key, { status: 'done' })
    for (const [index, path] of [ONE, TWO].entries()) desk.save(path, texts[index] ?? '')
    expect(await statuses(desk)).toEqual(['todo', 'todo', 'done', 'done'])
    expect(await desk.problems()).toEqual([])
  })

  it('[M12] beside three older texts a file with new words is still an edit', async () => {
    const { desk, texts } = await withCommit()
    for (const key of KEYS) await desk.set(key, { status: 'done' })
    for (const [index, path] of [ONE, TWO, THREE].entries()) desk.save(path, texts[index] ?? '')
    await desk.edit(FOUR, 'Last.', 'Last and more.')
    expect((await desk.task('T-4')).body).toBe('First of Four.\n\nLast and more.\n')
    expect(await statuses(desk)).toEqual(['done', 'done', 'done', 'done'])
  })

  it('[M11] three files with new words at once are three edits, and one change', async () => {
    const { desk } = await withCommit()
    for (const path of [ONE, TWO, THREE]) await desk.edit(path, 'status: todo', 'status: doing')
    expect(await statuses(desk)).toEqual(['doing', 'doing', 'doing', 'todo'])
    expect((await desk.verbs()).filter((verb) => verb === 'edit')).toHaveLength(1)
  })

  it('[M12] a text that nobody remembers any more, but the commit checked out before holds, is no edit', async () => {
    const { desk, texts } = await withCommit()
    await passMany(desk, 'T-1')
    await desk.set('T-1', { status: 'done' })
    desk.workspace.repository.touch() // a reset to the same commit
    desk.save(ONE, texts[0] ?? '')
    expect(await statuses(desk)).toEqual(['done', 'todo', 'todo', 'todo'])
    expect(await desk.text(ONE)).toBe(texts[0])
    expect((await desk.problems())[0]).toMatchObject({ path: ONE, code: 'FILES_OLDER' })
  })

  it('[M12] a text that says what the project says anyway is nothing to tell', async () => {
    const { desk, texts } = await withCommit()
    await desk.set('T-1', { status: 'done' })
    await desk.set('T-1', { status: 'todo' })
    desk.workspace.repository.touch()
    desk.save(ONE, texts[0] ?? '')
    expect(await desk.problems()).toEqual([])
  })

  it('[M12] an edit of a file that shows an older text is an edit of that text; the newer values stay', async () => {
    const { desk, commit, texts } = await withCommit()
    await desk.set('T-1', { status: 'done', priority: 'high' })
    await desk.commit()
    await desk.sync()
    desk.workspace.repository.checkout(commit)
    desk.save(ONE, texts[0] ?? '')
    await desk.sync()
    await desk.edit(ONE, 'Last.', 'Last, on the branch.')
    expect(await desk.task('T-1')).toMatchObject({
      status: 'done',
      priority: 'high',
      body: 'First of One.\n\nLast, on the branch.\n',
    })
  })

  it('[M10][M12] also where the newer text was a person’s save: the file held the older one last', async () => {
    const { desk, commit, texts } = await withCommit()
    await desk.edit(ONE, 'First of One.', 'First of One, on the branch.')
    await desk.sync()
    await desk.commit()
    await desk.sync()
    desk.workspace.repository.checkout(commit)
    desk.save(ONE, texts[0] ?? '')
    await desk.sync()
    await desk.edit(ONE, 'Last.', 'Last, on main.')
    expect((await desk.task('T-1')).body).toBe('First of One, on the branch.\n\nLast, on main.\n')
  })

  it('[M10][M12] also where a text of another branch is nearer to what was written', async () => {
    const { desk, commit, texts } = await withCommit()
    await desk.edit(ONE, 'Last.', '- line two here\nLast.')
    await desk.sync()
    await desk.set('T-1', { status: 'doing' })
    await desk.commit()
    await desk.sync()
    desk.workspace.repository.checkout(commit)
    desk.save(ONE, texts[0] ?? '')
    await desk.sync()
    desk.save(ONE, (texts[0] ?? '').replace('Last.', '- line ten here\nLast.').replace('status: todo', 'status: doing'))
    const { body } = await desk.task('T-1')
    for (const line of ['First of One.', '- line two here', '- line ten here', 'Last.'])
      expect(body.split('\n').filter((one) => one === line)).toEqual([line])
  })

  it('[M50] also where nobody looked between the checkout and the edit', async () => {
    const { desk, commit, texts } = await withCommit()
    await desk.edit(ONE, 'First of One.', 'First of One, on the branch.')
    await desk.sync()
    await desk.commit()
    await desk.sync()
    desk.workspace.repository.checkout(commit)
    desk.save(ONE, (texts[0] ?? '').replace('Last.', 'Last, on main.'))
    expect((await desk.task('T-1')).body).toBe('First of One, on the branch.\n\nLast, on main.\n')
  })

  it('[M35][M50] a checkout that renames a file and shows an older text of it is no edit either', async () => {
    const { desk, commit, texts } = await withCommit()
    desk.remove(ONE)
    desk.save('tasks/renamed.md', (texts[0] ?? '').replace('Last.', 'Last, renamed.'))
    const later = await desk.commit()
    await desk.sync()
    for (const [at, from, to, text] of [
      [commit, 'tasks/renamed.md', ONE, texts[0] ?? ''],
      [later, ONE, 'tasks/renamed.md', (texts[0] ?? '').replace('Last.', 'Last, renamed.')],
    ] as const) {
      desk.workspace.repository.checkout(at)
      desk.remove(from)
      desk.save(to, text)
      expect(await desk.task('T-1')).toMatchObject({ path: to, body: 'First of One.\n\nLast, renamed.\n' })
      expect(await desk.text(to)).toBe(text)
    }
    expect(await desk.problems()).toEqual([])
  })

  it('[M17] take-files takes the older texts as meant: their values win, and undo shows the newer ones again', async () => {
    const { desk, commit, texts } = await withCommit()
    for (const key of KEYS) await desk.set(key, { status: 'done' })
    await desk.commit()
    await desk.sync()
    desk.workspace.repository.checkout(commit)
    show(desk, texts)
    expect(await statuses(desk)).toEqual(['done', 'done', 'done', 'done'])
    const report = await desk.sync({ takeFiles: true })
    expect(report.problems).toEqual([])
    expect(await statuses(desk)).toEqual(['todo', 'todo', 'todo', 'todo'])
    expect(await textsOf(desk)).toEqual(texts)
    expect((await desk.verbs())[0]).toBe('putback')
    expect((await desk.conflicts()).map(({ field, values }) => [field, ...values.map(([value]) => value)])).toEqual(
      KEYS.map(() => ['status', 'todo', 'done']),
    )
    await desk.call('history.undo', {})
    expect(await statuses(desk)).toEqual(['done', 'done', 'done', 'done'])
  })

  it('[M17] take-files in the same command as the checkout does the same', async () => {
    const { desk, commit, texts } = await withCommit()
    for (const key of KEYS) await desk.set(key, { status: 'done' })
    await desk.commit()
    await desk.sync()
    desk.workspace.repository.checkout(commit)
    show(desk, texts)
    await desk.sync({ takeFiles: true })
    expect(await statuses(desk)).toEqual(['todo', 'todo', 'todo', 'todo'])
  })
})

describe('texts that came from others', () => {
  it('[M13] a pull is an edit of the text in the commit before: what it says newly comes in, what it merely repeats does not', async () => {
    const { desk, texts } = await withCommit()
    await desk.set('T-1', { status: 'done', priority: 'high' })
    const pulled = (texts[0] ?? '').replace('First of One.', 'First of One, by a teammate.')
    desk.save(ONE, pulled)
    await desk.commit()
    expect(await desk.task('T-1')).toMatchObject({
      status: 'done',
      priority: 'high',
      body: 'First of One, by a teammate.\n\nLast.\n',
      conflicts: [],
    })
    expect(await desk.text(ONE)).toBe(
      pulled.replace('status: todo', 'status: done').replace('\n---\n\n', '\npriority: high\n---\n\n'),
    )
    expect(await desk.problems()).toEqual([])
  })

  it('[M13] also where that commit’s text is remembered no more', async () => {
    const { desk, texts } = await withCommit()
    await passMany(desk, 'T-1')
    await desk.set('T-1', { status: 'done', body: 'First of One.\n\nLast.\n\nAppended here.\n' })
    const pulled = (texts[0] ?? '').replace('First of One.', 'First of One, by a teammate.')
    desk.save(ONE, pulled)
    await desk.commit()
    expect(await desk.task('T-1')).toMatchObject({
      status: 'done',
      body: 'First of One, by a teammate.\n\nLast.\n\nAppended here.\n',
      conflicts: [],
    })
  })

  it('[M13] a nearer remembered text counts for more than the commit’s', async () => {
    const { desk } = await withCommit()
    await desk.set('T-1', { status: 'done', priority: 'high' })
    const pulled = (await desk.text(ONE)).replace('priority: high', 'priority: low')
    desk.save(ONE, pulled)
    await desk.commit()
    expect(await desk.task('T-1')).toMatchObject({ status: 'done', priority: 'low', conflicts: [] })
    expect(await desk.text(ONE)).toBe(pulled)
  })

  it('[M13] what a pull says of a field that changed here too is listed; neither is lost', async () => {
    const { desk, texts } = await withCommit()
    await desk.set('T-1', { status: 'done', priority: 'high' })
    desk.save(ONE, (texts[0] ?? '').replace('status: todo', 'status: review'))
    await desk.commit()
    const [conflict] = await desk.conflicts()
    expect(conflict?.field).toBe('status')
    expect(conflict?.values.map(([value]) => value).toSorted()).toEqual(['done', 'review'])
  })

  it('[M50] a pull that brings new files, changed ones and takes one away, all at once', async () => {
    const { desk, texts } = await withCommit()
    desk.save('tasks/T-9-nine.md', '---\nid: 9999999999\nkey: T-9\ntitle: Nine\nstatus: doing\n---\n\nNew.\n')
    desk.save(ONE, (texts[0] ?? '').replace('status: todo', 'status: done'))
    desk.remove(FOUR)
    await desk.commit()
    expect(await desk.task('T-9')).toMatchObject({ uid: '9999999999', title: 'Nine', status: 'doing', body: 'New.\n' })
    expect(await statuses(desk)).toEqual(['done', 'todo', 'todo', 'todo'])
    expect((await desk.task('T-4')).deleted).toBe(false)
    expect((await desk.problems()).map(({ code }) => code)).toEqual(['FILES_MISSING'])
    await desk.sync({ takeFiles: true })
    expect((await desk.task('T-4')).deleted).toBe(true)
    expect(await desk.problems()).toEqual([])
  })
})

describe('what is remembered', () => {
  const recordOf = (desk: Desk, path: string) =>
    desk.run(
      async (_caller, project) => readRecord(await (await project.hold()).store.cell(`file/${path}`))?.bases ?? [],
    )

  it('[M7] sixteen texts at most, the newest and a person’s last save among them: a stale save is known after forty commands', async () => {
    const { desk } = await withCommit()
    await desk.edit(ONE, 'Last.', 'Last, by hand.')
    await desk.sync()
    const saved = await desk.text(ONE)
    for (let turn = 0; turn < 40; turn++) await desk.set('T-1', { fields: { turn }, priority: 'high' })
    const bases = await recordOf(desk, ONE)
    expect(bases.length).toBeLessThanOrEqual(17)
    expect(bases.at(-1)?.text).toBe(await desk.text(ONE))
    expect(bases.filter(({ how }) => how === 'read').map(({ text }) => text)).toEqual([saved])
    desk.save(ONE, saved.replace('First of One.', 'First of all.'))
    expect(await desk.task('T-1')).toMatchObject({
      priority: 'high',
      fields: { turn: 39 },
      body: 'First of all.\n\nLast, by hand.\n',
      conflicts: [],
    })
  })

  it('[M7] of long texts fewer are remembered', async () => {
    const { desk } = await withCommit()
    const long = 'word '.repeat(80_000)
    await desk.set('T-1', { body: long })
    for (let turn = 0; turn < 12; turn++) await desk.set('T-1', { fields: { turn } })
    const bases = await recordOf(desk, ONE)
    expect(bases.reduce((sum, { text }) => sum + text.length, 0)).toBeLessThan(3_000_000)
    expect(bases.at(-1)?.text).toBe(await desk.text(ONE))
  })

  it('[M8] a record that cannot be read is none: what the file says stands below what was written, and is listed', async () => {
    const { desk } = await withCommit()
    await desk.set('T-1', { status: 'done' })
    await desk.run(async (_caller, project) =>
      (await project.hold()).store.commit([{ put: `file/${ONE}`, bytes: new TextEncoder().encode('{torn') }]),
    )
    await desk.edit(ONE, 'status: done', 'status: review')
    expect(await desk.task('T-1')).toMatchObject({ status: 'done', conflicts: ['status'] })
    expect((await desk.conflicts())[0]?.values).toEqual([
      ['done', 'edit'],
      ['review', 'file'],
    ])
  })
})

describe('many files at once', () => {
  it('[M52] more than are named as behind, taken in at once: the next look reads none of the others', async () => {
    const read: string[] = []
    const desk = openDesk({
      through: (files) => ({ ...files, read: async (path) => (read.push(path), files.read(path)) }),
    })
    const paths = Array.from({ length: 230 }, (_, index) => `tasks/file-${index}.md`)
    for (const [index, path] of paths.entries())
      desk.save(
        path,
        `---\nid: aaaaaaa${String(index).padStart(3, '0')}\nkey: T-${index + 1}\ntitle: One\n---\n\nWords.\n`,
      )
    await desk.sync()
    for (const path of paths.slice(0, 220)) await desk.edit(path, 'Words.', 'Other words.')
    await desk.sync()
    read.length = 0
    await desk.edit(paths[0] ?? '', 'Other words.', 'Last words.')
    await desk.sync()
    expect(new Set(read)).toEqual(new Set(paths.slice(0, 1)))
    expect((await desk.task('T-1')).body).toBe('Last words.\n')
  })
})

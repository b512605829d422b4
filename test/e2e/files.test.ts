/** Task files on a real disk, as editors, people and other programs treat them, beside the built command. */
import {
  chmodSync,
  closeSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { asOther, canBeClosed, giveToNobody, isRoot, letPass, openWorkspacePlace, words } from './support.ts'
import { NAME, problems, task, withFile } from './one-task.ts'

type Step = (path: string, text: string) => void

/** How editors save: what each does to the file, step by step. */
const editors: Readonly<Record<string, readonly Step[]>> = {
  'in place, as nano and echo do': [(path, text) => writeFileSync(path, text)],
  'to a new file that is renamed over the old one, as most do': [
    (path, text) => writeFileSync(`${path}.tmp`, text),
    (path) => renameSync(`${path}.tmp`, path),
  ],
  'to a new file after the old one was renamed, as vim does with a backup': [
    (path) => renameSync(path, `${path}~`),
    (path, text) => writeFileSync(path, text),
    (path) => unlinkSync(`${path}~`),
  ],
  'in place in two writes after it was emptied, as VS Code does': [
    (path) => writeFileSync(path, ''),
    (path, text) => append(path, text.slice(0, 40)),
    (path, text) => append(path, text.slice(40)),
  ],
}

function append(path: string, text: string): void {
  const file = openSync(path, 'a')
  writeSync(file, text)
  closeSync(file)
}

describe.concurrent('editors', () => {
  it.each(Object.entries(editors))(
    '[M2][M41] saving %s: the words come in, bytes and mode stay',
    async (_name, steps) => {
      const { place, path, text } = await withFile()
      await using _place = place
      chmodSync(path, 0o640)
      const next = text.replace('status: todo', 'status: doing').replace('Two.', 'Two, and a half.')
      for (const step of steps) step(path, next)
      expect(await task(place)).toMatchObject({ status: 'doing', body: 'One.\n\nTwo, and a half.\n', conflicts: [] })
      expect(readFileSync(path, 'utf8')).toBe(next)
      chmodSync(path, 0o640)
      await place.must(['set', 'T-1', 'priority=high'])
      expect(readFileSync(path, 'utf8')).toBe(next.replace('\n---\n\n', '\npriority: high\n---\n\n'))
      expect(statSync(path).mode & 0o777).toBe(0o640)
      expect(readdirSync(join(place.dir, 'tasks'))).toEqual([NAME])
      expect(await problems(place)).toEqual([])
    },
  )

  it.each(Object.entries(editors))(
    '[M30][M31][M36] saving %s, with commands between its steps: nothing is lost',
    async (_name, steps) => {
      const { place, path, text } = await withFile()
      await using _place = place
      const next = text.replace('status: todo', 'status: doing').replace('Two.', 'Two, and a half.')
      for (const step of steps) {
        step(path, next)
        await place.must(['list'])
      }
      expect(await task(place)).toMatchObject({
        status: 'doing',
        body: 'One.\n\nTwo, and a half.\n',
        deleted: false,
        conflicts: [],
      })
      expect(readFileSync(path, 'utf8')).toBe(next)
      expect(await place.all()).toHaveLength(1)
      expect(await problems(place)).toEqual([])
    },
  )

  it('[M15] an editor that was open for long saves over what commands did since: both are there', async () => {
    const { place, path, text } = await withFile()
    await using _place = place
    await place.must(['set', 'T-1', 'status=done', 'labels+=web', 'priority=high'])
    writeFileSync(path, text.replace('Two.', 'Two, and a half.'))
    expect(await task(place)).toMatchObject({
      status: 'done',
      labels: ['web'],
      priority: 'high',
      body: 'One.\n\nTwo, and a half.\n',
    })
    expect(readFileSync(path, 'utf8')).toMatch(/status: done\n[^]*Two, and a half\./)
  })
})

describe.concurrent('files that come and go', () => {
  it('[M9] a new file without an id becomes a task, and keeps everything else', async () => {
    await using place = await openWorkspacePlace()
    mkdirSync(join(place.dir, 'tasks'), { recursive: true })
    const path = join(place.dir, 'tasks', 'ein #Vorschlag 🌊.md')
    const text = '\u{feff}---\r\ntitle: "An idea"   # said aloud\r\nmood: [x]\r\n---\r\n\r\n- [ ] try\r\n'
    writeFileSync(path, text)
    const [found, ...others] = await place.all()
    expect(others).toEqual([])
    expect(found).toMatchObject({ key: 'T-1', title: 'An idea', status: 'todo', fields: { mood: ['x'] } })
    expect(readFileSync(path, 'utf8').replace(`id: ${found?.uid}\r\n`, '')).toBe(text)
    await place.must(['done', 'T-1'])
    expect(readFileSync(path, 'utf8')).toContain('status: done\r\n')
  })

  it('[M36][M42] a deleted file is a deleted task; restored it is there again, byte for byte; deleted by command it goes', async () => {
    const { place, path, text } = await withFile()
    await using _place = place
    await place.must(['add', 'Second'])
    rmSync(path)
    expect(await task(place)).toMatchObject({ deleted: true })
    await place.must(['restore', 'T-1'])
    expect(readFileSync(path, 'utf8')).toBe(text)
    rmSync(path)
    await place.must(['list'])
    writeFileSync(path, text)
    expect(await task(place)).toMatchObject({ deleted: false, status: 'todo' })
    await place.must(['delete', 'T-1'])
    expect(readdirSync(join(place.dir, 'tasks'))).toEqual(['T-2-second.md'])
    await place.must(['undo'])
    expect(readFileSync(path, 'utf8')).toBe(text)
  })

  it('[M35] a renamed file, and one moved into a folder, is the same task', async () => {
    const { place, path, text } = await withFile()
    await using _place = place
    const before = await task(place)
    mkdirSync(join(place.dir, 'tasks', 'later'))
    for (const name of ['renamed.md', join('later', 'again.md')]) {
      const from = name === 'renamed.md' ? path : join(place.dir, 'tasks', 'renamed.md')
      renameSync(from, join(place.dir, 'tasks', name))
      expect(await task(place)).toMatchObject({ path: `tasks/${name}`, deleted: false })
    }
    await place.must(['set', 'T-1', 'status=done'])
    expect(readFileSync(join(place.dir, 'tasks', 'later', 'again.md'), 'utf8')).toBe(text.replace('todo', 'done'))
    expect(await place.all()).toMatchObject([{ uid: (before as { uid: string }).uid }])
  })

  it('[M37] the folder renamed away and back deletes nothing', async () => {
    await using place = await openWorkspacePlace()
    for (const title of ['One', 'Two', 'Three']) await place.must(['add', title])
    const folder = join(place.dir, 'tasks')
    renameSync(folder, `${folder}-away`)
    expect((await place.json(['list'])).tasks).toHaveLength(3)
    expect(await problems(place)).toEqual([[null, 'FILES_MISSING']])
    const ran = await place.tide(['sync'])
    expect(ran.exit, `${words(ran)}`).toBe(4)
    expect(ran.out).toMatch(/3 files are gone at once/)
    renameSync(`${folder}-away`, folder)
    await place.must(['done', 'T-2'])
    expect(readFileSync(join(folder, 'T-2-two.md'), 'utf8')).toContain('status: done')
    expect(await problems(place)).toEqual([])
    await place.must(['sync'])
  })

  it('[M37] a folder renamed away and an empty one in its place, as an unmounted disk leaves it, deletes nothing', async () => {
    await using place = await openWorkspacePlace()
    for (const title of ['One', 'Two', 'Three', 'Four', 'Five', 'Six']) await place.must(['add', title])
    const folder = join(place.dir, 'tasks')
    renameSync(folder, `${folder}-away`)
    mkdirSync(folder)
    expect((await place.json(['list'])).tasks).toHaveLength(6)
    expect(await problems(place)).toEqual([[null, 'FILES_MISSING']])
    expect(readdirSync(folder)).toEqual([])
    rmSync(folder, { recursive: true })
    renameSync(`${folder}-away`, folder)
    expect(await problems(place)).toEqual([])
  })
})

describe.concurrent('links and rights', () => {
  it('[M41] a linked file is read and written where it lies, and stays a link', async () => {
    const { place, path, text } = await withFile()
    await using _place = place
    const real = join(place.dir, 'notes.md')
    renameSync(path, real)
    symlinkSync('../notes.md', path)
    await place.must(['set', 'T-1', 'status=doing'])
    expect(lstatSync(path).isSymbolicLink()).toBe(true)
    expect(readlinkSync(path)).toBe('../notes.md')
    expect(readFileSync(real, 'utf8')).toBe(text.replace('todo', 'doing'))
    writeFileSync(real, text.replace('todo', 'review'))
    expect(await task(place)).toMatchObject({ status: 'review', deleted: false })
  })

  it('[M41] a link that leads outside, or nowhere, is not followed: the task is kept and status tells', async () => {
    const { place, path, text } = await withFile()
    await using _place = place
    await place.must(['add', 'Second'])
    const outside = join(place.root, 'outside.md')
    renameSync(path, outside)
    symlinkSync(outside, path)
    expect(await task(place)).toMatchObject({ deleted: false, status: 'todo' })
    expect((await problems(place)).map(([name]) => name)).toEqual([`tasks/${NAME}`])
    await place.must(['set', 'T-1', 'status=doing'])
    expect(readFileSync(outside, 'utf8')).toBe(text)
    expect(lstatSync(path).isSymbolicLink()).toBe(true)
  })

  it('[M41] a linked folder inside the workspace is the folder of the tasks', async () => {
    const { place, text } = await withFile()
    await using _place = place
    const real = join(place.dir, 'docs')
    renameSync(join(place.dir, 'tasks'), real)
    symlinkSync('docs', join(place.dir, 'tasks'))
    expect(await task(place)).toMatchObject({ deleted: false, path: `tasks/${NAME}` })
    await place.must(['set', 'T-1', 'status=doing'])
    expect(readFileSync(join(real, NAME), 'utf8')).toBe(text.replace('todo', 'doing'))
    expect(lstatSync(join(place.dir, 'tasks')).isSymbolicLink()).toBe(true)
    expect(await problems(place)).toEqual([])
  })

  it('[M41] another hard link of a file keeps what it had: a write makes a new file under the one name', async () => {
    const { place, path, text } = await withFile()
    await using _place = place
    const other = join(place.root, 'linked.md')
    linkSync(path, other)
    await place.must(['set', 'T-1', 'status=doing'])
    expect(readFileSync(path, 'utf8')).toBe(text.replace('todo', 'doing'))
    expect(readFileSync(other, 'utf8')).toBe(text)
    expect(await problems(place)).toEqual([])
  })

  it.runIf(canBeClosed)(
    '[M39] a folder that cannot be written: the command is done, status tells, and it is written later',
    async () => {
      const { place, path, text } = await withFile()
      await using _place = place
      const other = asOther(place)
      letPass(place.root)
      for (const name of readdirSync(place.dir, { recursive: true, encoding: 'utf8' }))
        giveToNobody(join(place.dir, name))
      giveToNobody(place.dir)
      const folder = join(place.dir, 'tasks')
      chmodSync(folder, 0o555)
      const ran = await place.tide(['set', 'T-1', 'status=done'], other)
      expect(ran.exit, `${words(ran)}`).toBe(0)
      expect(readFileSync(path, 'utf8')).toBe(text)
      const status = await place.json(['status'], other)
      expect(status['problems']).toMatchObject([{ path: `tasks/${NAME}`, code: 'FILE_UNWRITABLE' }])
      chmodSync(folder, 0o755)
      await place.must(['list'], other)
      expect(readFileSync(path, 'utf8')).toBe(text.replace('todo', 'done'))
      expect((await place.json(['status'], other))['problems']).toEqual([])
    },
  )

  it.runIf(canBeClosed)('[M39] a file that cannot be read keeps its task, and is read once it can be', async () => {
    const { place, path, text } = await withFile()
    await using _place = place
    const other = asOther(place)
    letPass(place.root)
    writeFileSync(path, text.replace('todo', 'done'))
    for (const name of readdirSync(place.dir, { recursive: true, encoding: 'utf8' }))
      giveToNobody(join(place.dir, name))
    giveToNobody(place.dir)
    chmodSync(path, 0)
    const status = await place.json(['status'], other)
    expect(status['problems']).toMatchObject([{ path: `tasks/${NAME}`, code: 'FILE_UNREADABLE' }])
    expect((await place.json(['show', 'T-1'], other)).task).toMatchObject({ status: 'todo', deleted: false })
    chmodSync(path, 0o644)
    expect((await place.json(['show', 'T-1'], other)).task).toMatchObject({ status: 'done' })
  })

  it('[M39] a file that is read-only for its owner: the change is not lost, and the mode stays', async () => {
    const { place, path, text } = await withFile()
    await using _place = place
    chmodSync(path, 0o444)
    await place.must(['set', 'T-1', 'status=done'])
    // The folder decides who may replace a file: its owner may, as git and most editors do.
    expect(readFileSync(path, 'utf8')).toBe(text.replace('todo', 'done'))
    expect(statSync(path).mode & 0o777).toBe(0o444)
    expect(isRoot || statSync(path).uid === process.getuid?.()).toBe(true)
  })

  it('[M40] what editors and synchronisers leave behind is no task', async () => {
    const { place, path, text } = await withFile()
    await using _place = place
    for (const name of [`.${NAME}.swp`, `${NAME}~`, `#${NAME}#`, '4913', `${NAME}.orig`, `.#${NAME}`])
      writeFileSync(join(place.dir, 'tasks', name), text.replace('todo', 'done'))
    writeFileSync(path.replace('.md', '.sync-conflict-20250101-120000-AAAAAAA.md'), text.replace('todo', 'done'))
    expect(await place.all()).toMatchObject([{ key: 'T-1', status: 'todo' }])
    expect(readdirSync(join(place.dir, 'tasks'))).toHaveLength(8)
  })
})

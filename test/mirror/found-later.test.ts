/** What more random schedules of files found: each cause as the shortest story that shows it, and seeds that showed it. */
import { describe, expect, it } from 'vitest'
import { mirrorScheduleOf } from '../support/mirror-simulation.ts'
import { playMirror } from '../support/playing.ts'
import { BODY, FILE, pull, two } from './clones.ts'
import { exchange, openDesk, type Desk } from './desk.ts'

const HEAD_OF_FILE = '---\ntitle: Fix login\nstatus: todo\n---\n\n'

/** A desk with one task in a file, all of it committed. */
async function deskWith(body: string = BODY): Promise<readonly [desk: Desk, path: string, text: string]> {
  const desk = openDesk()
  await desk.add('Fix login', { body })
  const [path = ''] = await desk.paths()
  await desk.commit()
  await desk.sync()
  return [desk, path, await desk.text(path)]
}

/** The same, but a person's newer text was committed, and the first commit is checked out again. */
async function olderBesideSave(): Promise<readonly [desk: Desk, path: string, first: string, saved: string]> {
  const [desk, path, first] = await deskWith()
  const commit = (await desk.workspace.repository.state())?.head ?? ''
  await desk.edit(path, 'See the log.', 'See the log.\n\nSaved words.')
  await desk.sync()
  const saved = await desk.text(path)
  await desk.commit()
  await desk.sync()
  desk.workspace.repository.checkout(commit)
  desk.save(path, first)
  await desk.sync()
  return [desk, path, first, saved]
}

function linesWith(body: string, words: string): number {
  return body.split('\n').filter((line) => line.includes(words)).length
}

describe('processes that end', () => {
  it('[M5] what came right after a process that had taken a save in, and ended, is not taken back by that save', async () => {
    const [one, other] = await two()
    await exchange(one, other)
    await other.set('T-1', { body: `${BODY}\nWords of another.\n` })
    const update = await other.run(async (_caller, project) => (await project.replica()).encode())
    await one.edit(FILE, 'The login fails.\n\n', '')
    await one.edit(FILE, 'See the log.', 'See the log.\n\nThe login fails.')
    const ended = one.run(async (caller, project) => {
      const store = (await project.hold()).store
      const commit = store.commit.bind(store)
      let left = 1
      store.commit = async (changes) => {
        if (left-- === 0) throw new Error('killed')
        await commit(changes)
      }
      await caller.call('workspace.sync', {})
    })
    await expect(ended).rejects.toThrow('killed')
    await one.run((_caller, project) => project.absorb([update], { verb: 'remote', name: null }))
    await one.sync()
    const { body } = await one.task('T-1')
    for (const words of ['Words of another.', 'The login fails.', 'It reads the token twice.'])
      expect(linesWith(body, words)).toBe(1)
    expect(await one.text(FILE)).toContain('Words of another.')
  })

  it('[M43] an index that broke is not called whole by a process that looked at no file', async () => {
    const [desk, path, first] = await olderBesideSave()
    const { files } = desk.workspace
    const index = files.get('files') ?? new Uint8Array()
    files.set('files', index.slice(0, index.length / 2))
    await desk.run(async (_caller, project) => {
      await project.fileProblems()
      await project.replica()
    })
    await desk.sync()
    expect((await desk.task('T-1')).body).toContain('Saved words.')
    expect(await desk.text(path)).toBe(first)
  })

  it('[M30][M34] a task whose file waits to be read whole is not another file’s meanwhile, also where the index was lost', async () => {
    const [desk, path, text] = await deskWith()
    desk.workspace.files.delete('files')
    desk.save(path, text.slice(0, -6))
    desk.save('tasks/another.md', text.replace('See the log.', 'See another log.'))
    await desk.sync()
    expect(await desk.problems()).toMatchObject([{ path: 'tasks/another.md', code: 'ID_TAKEN' }])
    expect((await desk.task('T-1')).body).toContain('See the')
    expect((await desk.task('T-1')).path).toBe(path)
  })

  it('[M35][M12] a name that a process which ended was to forget says nothing of what its task said elsewhere since', async () => {
    // The file was found twice, under two names, by processes that ended; then the first commit brings the first name back.
    expect((await playMirror(mirrorScheduleOf(200009))).problems).toEqual([])
  })
})

describe('old texts that version control put there', () => {
  it('[M12][M35] one that was moved and edited before anyone looked takes nothing back', async () => {
    const [desk, path, first] = await olderBesideSave()
    desk.remove(path)
    desk.save('tasks/elsewhere.md', first.replace('The login fails.', 'The new login fails.'))
    await desk.sync()
    const { body } = await desk.task('T-1')
    expect(body).toContain('The new login fails.')
    expect(body).toContain('Saved words.')
  })

  it('[M15] an editor that had a newer text open saves that over one: its words stand once', async () => {
    const [desk, path, , saved] = await olderBesideSave()
    desk.save(path, saved.replace('The login fails.', 'The new login fails.'))
    const { body } = await desk.task('T-1')
    expect(linesWith(body, 'Saved words.')).toBe(1)
    expect(linesWith(body, 'The new login fails.')).toBe(1)
  })

  it('[M15] also where that takes some of the newer words away: a whole line says which text it was', async () => {
    const [desk, path, first, saved] = await olderBesideSave()
    expect(first).not.toContain('Saved words.')
    desk.save(path, saved)
    await desk.edit(path, 'Saved words.', 'Saved words.\n\nLine two here.')
    await desk.sync({ takeFiles: true })
    const open = await desk.text(path)
    await desk.commit()
    await desk.sync()
    desk.workspace.repository.checkout('1'.padStart(40, '0'))
    desk.save(path, first)
    await desk.sync()
    desk.save(path, open.replace('Line two here.', 'Line ten here.'))
    const { body } = await desk.task('T-1')
    expect(linesWith(body, 'Saved words.')).toBe(1)
    expect(body).not.toContain('two')
  })

  it('[M8][M12] one that nobody read, away when that was noticed, is still that where it is the same commit as before', async () => {
    const [desk, path, text] = await deskWith()
    await desk.add('Other')
    desk.save(path, text.replace('See the log.', 'See the log, unread.'))
    const unread = await desk.text(path)
    const commit = await desk.commit()
    desk.remove(path)
    await desk.sync()
    desk.save(path, unread)
    desk.workspace.repository.checkout(commit)
    await desk.sync()
    await desk.edit(path, 'The login fails.', 'The login fails, edited.')
    await desk.sync()
    const { values } = (await desk.conflicts()).find(({ field }) => field === 'body') ?? { values: [] }
    expect(values.some(([value]) => String(value).includes('unread') && String(value).includes('edited'))).toBe(true)
  })

  it('[M12][M42] one of a deleted task is one also where the index was lost', async () => {
    const [desk, path, text] = await deskWith()
    const commit = (await desk.workspace.repository.state())?.head ?? ''
    await desk.add('Other')
    await desk.call('tasks.delete', { keys: ['T-1'] })
    await desk.commit()
    await desk.sync()
    desk.workspace.repository.checkout(commit)
    desk.save(path, text)
    await desk.sync()
    desk.workspace.files.delete('files')
    await desk.sync()
    expect(await desk.text(path)).toBe(text)
    expect((await desk.problems())[0]).toMatchObject({ path, code: 'FILES_OLDER' })
  })

  it('[M15] an editor saves what it had open over one that nobody has looked at: nothing is taken back', async () => {
    const [desk, path, first] = await deskWith()
    await desk.edit(path, 'See the log.', 'See the log.\n\nSaved words.\n\nMore words.')
    await desk.sync()
    const saved = await desk.text(path)
    const commit = await desk.commit()
    await desk.sync()
    // Back to where the file was without them, and on from there, by a person and by a command.
    desk.save(path, first)
    await desk.sync({ takeFiles: true })
    await desk.edit(path, 'The login fails.', 'The login fails now.')
    await desk.sync()
    const open = await desk.text(path)
    await desk.set('T-1', { priority: 'high', addLabels: ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'] })
    await desk.commit()
    await desk.sync()
    desk.save(path, saved)
    desk.workspace.repository.checkout(commit)
    desk.save(path, open.replace('It reads', 'Open words.\n\nIt reads'))
    const { body } = await desk.task('T-1')
    expect(body).toContain('The login fails now.')
    expect(linesWith(body, 'Open words.')).toBe(1)
    expect(await desk.text(path)).toContain('priority: high')
  })

  it('[M12] one that was committed, and what a pull made of it, take nothing back', async () => {
    const [desk, path, first] = await deskWith()
    await desk.edit(path, 'See the log.', 'See the log.\n\nSaved words.')
    await desk.sync()
    await desk.commit()
    await desk.sync()
    desk.save(path, first)
    await desk.commit()
    await desk.edit(path, 'It reads', 'Pulled words.\n\nIt reads')
    await desk.commit()
    const { body } = await desk.task('T-1')
    expect(body).toContain('Pulled words.')
    expect(body).toContain('Saved words.')
  })

  it('[M13][M35] one that nobody read, and that brings the file back to its first name, is no edit', async () => {
    const [one] = await two()
    const late = openDesk({ seed: 3, cloneOf: one })
    for (const path of await one.paths()) late.save(path, await one.bytes(path))
    const commit = await late.commit()
    const text = await late.text(FILE)
    late.remove(FILE)
    late.save('tasks/elsewhere.md', text.replace('See the log.', 'See the long log.'))
    await late.sync()
    await late.commit()
    await late.sync()
    await one.set('T-1', { body: `${BODY}\nWords of another.\n` })
    const update = await one.run(async (_caller, project) => (await project.replica()).encode())
    late.remove('tasks/elsewhere.md')
    late.save(FILE, text)
    late.workspace.repository.checkout(commit)
    await late.run((_caller, project) => project.absorb([update], { verb: 'remote', name: null }))
    await late.sync()
    expect((await late.task('T-1')).body).toContain('Words of another.')
    expect(await late.text(FILE)).toBe(text)
  })

  it('[M50][M34] a text without an id, brought back beside its file that was renamed, makes no second task', async () => {
    const desk = openDesk()
    const text = `${HEAD_OF_FILE}${BODY}`
    desk.save('tasks/login.md', text)
    const commit = await desk.commit()
    await desk.sync()
    const named = await desk.text('tasks/login.md')
    desk.remove('tasks/login.md')
    desk.save('tasks/sign-in.md', named)
    await desk.sync()
    desk.save('tasks/login.md', text)
    desk.workspace.repository.checkout(commit)
    for (const _look of ['first', 'second']) {
      await desk.sync()
      expect((await desk.call('tasks.list', {})).tasks).toHaveLength(1)
      expect(await desk.text('tasks/login.md')).toBe(text)
      expect(await desk.problems()).toMatchObject([{ path: 'tasks/login.md', code: 'ID_TAKEN' }])
    }
    await desk.edit('tasks/login.md', 'Fix login', 'Another task')
    expect((await desk.call('tasks.list', {})).tasks.map(({ title }) => title)).toEqual(['Fix login', 'Another task'])
  })

  it('[M50][M36] a text without an id, brought back where its renamed file was deleted with its task, makes no second task', async () => {
    const desk = openDesk()
    const text = `${HEAD_OF_FILE}${BODY}`
    await desk.add('Other')
    desk.save('tasks/login.md', text)
    const commit = await desk.commit()
    await desk.sync()
    const named = await desk.text('tasks/login.md')
    desk.remove('tasks/login.md')
    desk.save('tasks/sign-in.md', named)
    await desk.sync()
    desk.remove('tasks/sign-in.md')
    await desk.sync()
    await desk.commit()
    await desk.sync()
    desk.save('tasks/login.md', text)
    desk.workspace.repository.checkout(commit)
    await desk.sync()
    const { tasks } = await desk.call('tasks.list', { all: true })
    expect(tasks.map(({ title, deleted }) => [title, deleted])).toEqual([
      ['Other', false],
      ['Fix login', true],
    ])
    expect(await desk.text('tasks/login.md')).toBe(text)
    expect((await desk.problems())[0]).toMatchObject({ path: 'tasks/login.md', code: 'FILES_OLDER' })
  })
})

describe('old buffers beside version control', () => {
  it('[M15] one that was saved and committed before anyone looked takes no newer words away', async () => {
    const [desk, path, first] = await deskWith()
    await desk.set('T-1', { body: BODY.replace('It reads', 'Newer words.\n\nAnd more.\n\nIt reads') })
    await desk.commit()
    desk.save(path, first.replace('See the log.', 'See the whole log.'))
    await desk.commit()
    const { body } = await desk.task('T-1')
    for (const words of ['Newer words.', 'And more.', 'See the whole log.']) expect(linesWith(body, words)).toBe(1)
  })

  it('[M15] one that was saved over a pull that nobody had read takes no newer words away', async () => {
    const [desk, path, first] = await deskWith()
    await desk.set('T-1', { body: BODY.replace('It reads', 'Newer words.\n\nIt reads') })
    await desk.commit()
    await desk.sync()
    await desk.edit(path, 'See the log.', 'See the pulled log.')
    await desk.commit()
    desk.save(path, first.replace('status: todo', 'status: doing'))
    const { body, status } = await desk.task('T-1')
    expect(body).toContain('Newer words.')
    expect(status).toBe('doing')
  })

  it('[M13][M15] where a pull explains as much as what was read, it counts only if some of it is there', async () => {
    const [one, other, text] = await two()
    await exchange(one, other)
    const pulled = text.replace('See the log.', 'See the log, pulled.')
    one.save(FILE, pulled)
    await one.commit()
    const [reads, see] = ['It reads the token twice.', 'See the log.']
    one.save(FILE, text.replace(`${reads}\n\n${see}`, `${see}\n\n${reads}`))
    await one.sync()
    await pull(other, pulled)
    await exchange(one, other)
    expect(linesWith((await one.task('T-1')).body, 'pulled.')).toBe(1)
  })
})

describe('words that came by another road', () => {
  it('[M21] stand once right after they were read, not only when something else arrives', async () => {
    let isKilling = false
    const desk = openDesk({
      through: (files) => ({
        ...files,
        write: async (...args) => {
          const outcome = await files.write(...args)
          if (isKilling) throw new Error('killed')
          return outcome
        },
      }),
    })
    await desk.add('Fix login', { body: BODY })
    const [path = ''] = await desk.paths()
    await desk.commit()
    await desk.sync()
    isKilling = true
    const moved = BODY.replace('The login fails.\n\n', '').replace(
      'See the log.\n',
      'See the log.\n\nThe login fails.\n',
    )
    await expect(desk.set('T-1', { body: moved })).rejects.toThrow('killed')
    isKilling = false
    await desk.commit()
    await desk.edit(path, 'It reads', 'It also reads')
    await desk.commit()
    await desk.sync()
    expect((await desk.text(path)).match(/The login fails/g)).toHaveLength(1)
    expect(await desk.text(path)).toContain('It also reads')
  })
})

describe('files that were moved', () => {
  it('[M35][M50] one that version control did not touch gets what came meanwhile, also after an index was lost', async () => {
    const [one, other] = await two()
    await exchange(one, other)
    const text = await one.text(FILE)
    one.remove(FILE)
    one.save('tasks/elsewhere.md', text)
    await one.commit()
    await other.set('T-1', { body: `${BODY}\nWords of another.\n` })
    const update = await other.run(async (_caller, project) => (await project.replica()).encode())
    await one.run((_caller, project) => project.absorb([update], { verb: 'remote', name: null }))
    await one.sync()
    expect(await one.text('tasks/elsewhere.md')).toContain('Words of another.')
    expect(await one.problems()).toEqual([])
  })
})

describe('commits that hold what was read', () => {
  it('[M10] an older text is nearer to what a person made of a committed one: it was not put there', async () => {
    const [desk, path] = await deskWith()
    await desk.edit(path, 'It reads', 'New words.\n\nIt reads')
    await desk.sync()
    await desk.commit()
    await desk.edit(path, 'New words.\n\n', '')
    await desk.edit(path, 'See the log.', 'See the log.\n\nNew words.')
    const { body } = await desk.task('T-1')
    expect(linesWith(body, 'New words.')).toBe(1)
  })
})

describe('texts that were put back', () => {
  it('[M14] a first text put back where another first text is shown stays in the file', async () => {
    const [one] = await two()
    const late = openDesk({ seed: 3, cloneOf: one })
    for (const path of await one.paths()) late.save(path, await one.bytes(path))
    await late.edit(FILE, 'See the log.', 'See the late log.')
    await exchange(one, late)
    const shows = async (desk: Desk): Promise<boolean> => (await desk.text(FILE)).includes('late log')
    const desk = (await shows(one)) ? one : late
    const [put, shown] = desk === one ? ['the log', 'the late log'] : ['the late log', 'the log']
    await desk.sync()
    await desk.edit(FILE, `See ${shown}.`, `See ${put}.`)
    await desk.sync()
    expect(await desk.text(FILE)).toContain(`See ${put}.`)
    expect((await desk.task('T-1')).body).toContain(`See ${put}.`)
    expect((await desk.conflicts()).map(({ field }) => field)).toEqual(['body'])
  })
})

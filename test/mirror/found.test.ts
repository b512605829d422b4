/** What random schedules of files found, each as the shortest story that shows it. */
import { describe, expect, it } from 'vitest'
import { carried } from '../../src/mirror/carried.ts'
import { parseUid } from '../../src/ids.ts'
import type { ShownTask } from '../../src/mirror/explain.ts'
import { charactersIn } from '../../src/task/body-at.ts'
import { mirrorScheduleOf } from '../support/mirror-simulation.ts'
import { playMirror } from '../support/playing.ts'
import { BODY, cloneOf, FILE, two } from './clones.ts'
import { exchange, openDesk, type Desk } from './desk.ts'

/** A desk with one task in a file, all of it committed. */
async function deskWith(body: string = BODY): Promise<readonly [desk: Desk, path: string, text: string]> {
  const desk = openDesk()
  await desk.add('Fix login', { body })
  const [path = ''] = await desk.paths()
  await desk.commit()
  await desk.sync()
  return [desk, path, await desk.text(path)]
}

async function older(body: string = BODY): Promise<readonly [desk: Desk, path: string, text: string]> {
  const [desk, path, text] = await deskWith(body)
  const first = await desk.workspace.repository.state()
  await desk.set('T-1', { body: `Newer words.\n\n${body}` })
  await desk.commit()
  await desk.sync()
  desk.workspace.repository.checkout(first?.head ?? '')
  desk.save(path, text)
  return [desk, path, text]
}

function shown(body: string): ShownTask {
  return { uid: parseUid('f00000000a'), said: new Map(), implied: new Set(), body }
}

describe('what schedules found', () => {
  it('[M12] an older text stays one when everything is read again', async () => {
    const [desk, path, text] = await older()
    await desk.sync()
    await desk.sync({ force: true })
    expect(await desk.text(path)).toBe(text)
    expect((await desk.task('T-1')).body).toContain('Newer words.')
  })

  it('[M12] an older text is one also where it is the beginning of the newer one', async () => {
    const [desk, path, text] = await deskWith('One line.\n\nThe last')
    const first = await desk.workspace.repository.state()
    await desk.edit(path, 'The last', 'The last of them')
    await desk.commit()
    await desk.sync()
    desk.workspace.repository.checkout(first?.head ?? '')
    desk.save(path, text)
    await desk.sync()
    expect((await desk.task('T-1')).body.trimEnd()).toBe('One line.\n\nThe last of them')
  })

  it('[M12][M35] an older text that is moved is the same task, and older still', async () => {
    const [desk, path, text] = await older()
    await desk.sync()
    desk.remove(path)
    desk.save('tasks/elsewhere.md', text)
    await desk.sync()
    expect((await desk.task('T-1')).body).toContain('Newer words.')
    expect((await desk.call('tasks.list', { all: true })).tasks).toHaveLength(1)
  })

  it('[M12] an older text is one also where the index was lost', async () => {
    const [desk, path, text] = await older()
    await desk.sync()
    desk.workspace.files.delete('files')
    await desk.sync()
    expect(await desk.text(path)).toBe(text)
    expect((await desk.task('T-1')).body).toContain('Newer words.')
  })

  it('[M12][M50] a text that was committed, never looked at, and is checked out again is no edit, and stays', async () => {
    const [desk, path] = await deskWith()
    await desk.edit(path, 'See the log.', 'See the whole log.')
    const commit = await desk.commit()
    const text = await desk.text(path)
    desk.remove(path)
    await desk.commit()
    await desk.sync()
    desk.workspace.repository.checkout(commit)
    desk.save(path, text)
    await desk.sync()
    expect(await desk.text(path)).toBe(text)
    expect(await desk.task('T-1')).toMatchObject({ deleted: false, body: BODY })
    expect((await desk.problems()).map(({ code }) => code)).toEqual(['FILES_OLDER'])
  })

  it('[M13] an old commit that is edited before anyone looked loses nothing newer', async () => {
    const [desk, path] = await older()
    await desk.edit(path, 'See the log.', 'See the whole log.')
    await desk.sync()
    const { body } = await desk.task('T-1')
    expect(body).toContain('Newer words.')
    expect(body).toContain('See the whole log.')
  })

  it('[M15] an older text that is edited after it was told loses nothing newer', async () => {
    const [desk, path] = await older()
    await desk.sync()
    await desk.edit(path, 'See the log.', 'See the whole log.')
    await desk.sync()
    const { body } = await desk.task('T-1')
    expect(body).toContain('Newer words.')
    expect(body).toContain('See the whole log.')
  })

  it('[M11] a line that an agent wrote and a person rewords stands there once', async () => {
    const [desk, path] = await deskWith()
    await desk.set('T-1', { body: BODY.replace('See the log.', 'An agent found this.\n\nSee the log.') })
    await desk.edit(path, 'An agent found this.', 'An agent found this, today.')
    await desk.sync()
    const { body } = await desk.task('T-1')
    expect(body.match(/An agent found this/g)).toHaveLength(1)
  })

  it('[M5][M35] a file that was moved keeps its task, though the index never heard of it', async () => {
    const [desk, path, text] = await deskWith()
    const index = desk.workspace.files.get('files') ?? new Uint8Array()
    desk.remove(path)
    desk.save('tasks/elsewhere.md', text)
    await desk.sync()
    desk.workspace.files.set('files', index)
    await desk.sync()
    expect(await desk.task('T-1')).toMatchObject({ deleted: false, path: 'tasks/elsewhere.md' })
  })

  it('[M9][M35] a file of before it had an id, brought back and moved, is the same task', async () => {
    const desk = openDesk()
    const text = '---\ntitle: Fix login\n---\n\nThe login fails.\n'
    desk.save('tasks/login.md', text)
    const first = await desk.commit()
    await desk.sync()
    await desk.commit()
    await desk.sync()
    desk.workspace.repository.checkout(first)
    desk.save('tasks/login.md', text)
    await desk.sync()
    desk.remove('tasks/login.md')
    desk.save('tasks/elsewhere.md', text)
    await desk.sync()
    expect((await desk.call('tasks.list', { all: true })).tasks).toMatchObject([{ title: 'Fix login', deleted: false }])
  })

  it('[M2] words that arrive while a save is unread are not taken back by it', async () => {
    const [one, other] = await two()
    await exchange(one, other)
    await one.edit(FILE, 'See the log.', 'See the long log.')
    await one.sync()
    const update = await one.run(async (_caller, project) => (await project.replica()).encode())
    await other.edit(FILE, 'See the log.', 'Please see the log.')
    await other.run((_caller, project) => project.absorb([update], { verb: 'remote', name: null }))
    await other.sync()
    const { body } = await other.task('T-1')
    expect(body).toContain('long')
    expect(body).toContain('Please')
  })

  it('[M11] a field that arrives while a save adds the same one is listed beside it', async () => {
    const [one, other] = await two()
    await exchange(one, other)
    await one.set('T-1', { fields: { estimate: 3 } })
    const update = await one.run(async (_caller, project) => (await project.replica()).encode())
    await other.edit(FILE, 'labels: [web]', 'labels: [web]\nestimate: 4')
    await other.run((_caller, project) => project.absorb([update], { verb: 'remote', name: null }))
    await other.sync()
    const [conflict] = (await other.conflicts()).filter(({ field }) => field === 'estimate')
    expect(conflict?.values.map(([value]) => value).sort()).toEqual([3, 4])
  })

  it('[M15] a stale save beside a commit is still one', async () => {
    const [desk, path, text] = await deskWith()
    await desk.set('T-1', { body: `Newer words.\n\n${BODY}` })
    await desk.commit()
    desk.save(path, text.replace('See the log.', 'See the whole log.'))
    await desk.sync()
    const { body } = await desk.task('T-1')
    expect(body).toContain('Newer words.')
    expect(body).toContain('See the whole log.')
  })

  it('[M13] a pulled line that is gone takes no words along that came into it here', () => {
    const [task] = carried(
      [shown('one two three\nlast\n')],
      [shown('other words\nlast\n')],
      [shown('one two new three\nlast\n')],
    )
    expect(task?.body).toContain('new')
    expect(task?.body).toContain('other words')
    expect(task?.body).not.toContain('three')
  })

  it('[M15] a text that was carried over remembers its own characters, not those of the other', () => {
    const now = { text: 'one two three', name: 'a/b', characters: [{ client: 7, clock: 10, length: 13 }] }
    expect(charactersIn(now, now.text)).toEqual(now.characters)
    expect(charactersIn(now, 'one three')).toEqual([
      { client: 7, clock: 10, length: 4 },
      { client: 7, clock: 18, length: 5 },
    ])
    const longer = charactersIn(now, 'one two and three')
    expect(longer.reduce((sum, { length }) => sum + length, 0)).toBe('one two and three'.length)
    expect(longer.filter(({ client }) => client === 0)).toHaveLength(1)
  })

  it('[M10][M15] what a process wrote that ended is no save: one from before it takes none of its words', async () => {
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
    await desk.edit(path, 'See the log.', 'See the long log.')
    await desk.sync()
    const open = await desk.text(path)
    isKilling = true
    await expect(desk.set('T-1', { status: 'review', body: `${BODY}\nMore words.\n\nAnd more.\n` })).rejects.toThrow(
      'killed',
    )
    isKilling = false
    await desk.sync()
    desk.save(path, open.replace('status: todo', 'status: doing\npriority: high'))
    await desk.sync()
    const { body, priority } = await desk.task('T-1')
    expect(body).toBe(`${BODY}\nMore words.\n\nAnd more.\n`)
    expect(priority).toBe('high')
    expect(await desk.text(path)).toContain('And more.')
  })

  it('[M13][M50] a line moved and a field set on top of a pull that nobody had read: each line stands once', async () => {
    const [one, other] = await two()
    await exchange(one, other)
    const mine = (await one.text(FILE)).replace('The login fails.', 'The new login fails.')
    one.save(FILE, mine)
    await one.sync()
    await one.commit()
    const pulled = mine.replace('\nIt reads the token twice.\n', '\nPulled words.\n')
    one.save(FILE, pulled)
    await one.commit()
    const moved = pulled
      .replace('The new login fails.\n\n', '')
      .replace('See the log.', 'See the log.\n\nThe new login fails.')
    one.save(FILE, moved.replace('status: todo', 'status: doing'))
    await one.sync()
    other.save(FILE, mine)
    await other.commit()
    other.save(FILE, pulled)
    await other.commit()
    await other.sync()
    await exchange(one, other)
    for (const desk of [one, other]) {
      const { body, status } = await desk.task('T-1')
      expect([body.trim(), status]).toEqual(['Pulled words.\n\nSee the log.\n\nThe new login fails.', 'doing'])
      expect(await desk.conflicts()).toEqual([])
    }
  })

  it.each([
    ['at once', false],
    ['after a look, a command and a commit', true],
  ])(
    '[M8][M12] a text that was committed unread, then gone, and is edited when it comes back, %s: none of its words are lost',
    async (_, isLooked) => {
      const [desk, path, text] = await deskWith()
      const unread = text.replace('See the log.', 'See the log, unread.')
      desk.save(path, unread)
      const commit = await desk.commit()
      desk.remove(path)
      await desk.commit()
      await desk.sync()
      desk.save(path, unread)
      desk.workspace.repository.checkout(commit)
      const step = async (act: () => Promise<unknown>): Promise<unknown> => (isLooked ? act() : undefined)
      await step(() => desk.sync())
      await step(() => desk.set('T-1', { priority: 'high' }))
      await step(() => desk.commit())
      await desk.edit(path, 'The login fails.', 'The login fails, edited.')
      await desk.sync()
      const { values } = (await desk.conflicts()).find(({ field }) => field === 'body') ?? { values: [] }
      expect(values).toEqual([
        [BODY, expect.any(String)],
        [BODY.replace('fails.', 'fails, edited.').replace('log.', 'log, unread.'), 'file'],
      ])
      expect(await desk.text(path)).toContain(BODY)
    },
  )

  it('[M12] a text that was gone, and that what is remembered was made from, is older when it comes back', async () => {
    const [desk, path, text] = await deskWith()
    const unread = text.replace('See the log.', 'See the log, unread.')
    desk.save(path, unread)
    const commit = await desk.commit()
    await desk.edit(path, 'See the log, unread.', 'See the log, unread, and read.')
    await desk.commit()
    await desk.sync()
    desk.remove(path)
    await desk.commit()
    await desk.sync()
    desk.save(path, unread)
    desk.workspace.repository.checkout(commit)
    await desk.sync()
    await desk.edit(path, 'The login fails.', 'The login fails, edited.')
    await desk.sync()
    expect((await desk.task('T-1')).body).toBe(
      BODY.replace('fails.', 'fails, edited.').replace('log.', 'log, unread, and read.'),
    )
    expect(await desk.conflicts()).toEqual([])
  })

  it('[M5][M15] what came between a process that ended and the next look is not taken back by what that had written', async () => {
    let isKilling = false
    const one = openDesk({
      through: (files) => ({
        ...files,
        write: async (...args) => {
          const outcome = await files.write(...args)
          if (isKilling) throw new Error('killed')
          return outcome
        },
      }),
    })
    await one.add('Fix login', { body: BODY })
    const other = await cloneOf(one, 2)
    await exchange(one, other)
    await other.set('T-1', { fields: { estimate: 'long' } })
    const update = await other.run(async (_caller, project) => (await project.replica()).encode())
    isKilling = true
    await expect(one.set('T-1', { body: `${BODY}\nMore words.\n\nAnd more.\n` })).rejects.toThrow('killed')
    isKilling = false
    await one.run((_caller, project) => project.absorb([update], { verb: 'remote', name: null }))
    await one.sync()
    expect(await one.task('T-1')).toMatchObject({ fields: { estimate: 'long' }, conflicts: [] })
    expect(await one.text(FILE)).toContain('estimate: long')
    expect(await one.text(FILE)).toContain('And more.')
    expect(await one.verbs()).not.toContain('edit')
  })

  it('[M1][M2] a document that is loaded while files are written takes no body out of the others', async () => {
    // Tasks read from the summary, one of whose files asks for the document; no shorter story shows it.
    expect((await playMirror(mirrorScheduleOf(500817))).problems).toEqual([])
  })

  it.each([
    ['written', { body: `${BODY}\nFrom a command.\n` }],
    ['made', undefined],
  ] as const)('[M1][M51] what is saved in the moment in which a file was %s is taken in', async (_what, changes) => {
    let isQuick = false
    const quick = openDesk({
      through: (files) => ({
        ...files,
        // An editor, or a program that waited for these very bytes.
        write: async (...args) => {
          const outcome = await files.write(...args)
          const [path, bytes] = args
          if (isQuick) files.put(path, new TextEncoder().encode(`${new TextDecoder().decode(bytes)}\nSaved at once.\n`))
          isQuick = false
          return outcome
        },
      }),
    })
    isQuick = changes === undefined
    await quick.add('Fix login', { body: BODY })
    isQuick = changes !== undefined
    if (changes !== undefined) await quick.set('T-1', changes)
    expect(isQuick).toBe(false)
    await quick.sync()
    expect((await quick.task('T-1')).body).toContain('Saved at once.')
    expect((await quick.task('T-1')).body).toContain(changes === undefined ? BODY : 'From a command.')
    expect(await quick.conflicts()).toEqual([])
  })
})

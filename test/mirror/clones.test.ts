/** Files that several clones have before their documents meet, and what becomes of them when they do. */
import { describe, expect, it } from 'vitest'
import { BODY, cloneOf, expectEqual, FILE, pull, two } from './clones.ts'
import { exchange, openDesk } from './desk.ts'

describe('files that two clones have', () => {
  it('[M6][M9] are the same tasks in both, with the same bytes and nothing in conflict', async () => {
    const [one, other, text] = await two()
    await exchange(one, other)
    await expectEqual(one, other)
    expect(await one.text(FILE)).toBe(text)
    expect(await one.conflicts()).toEqual([])
    expect((await other.call('tasks.list', { all: true })).tasks).toHaveLength(2)
  })

  it('[M9] a new file without an id, pulled by both, is one task with one id', async () => {
    const [one, other] = await two()
    const idea = '---\ntitle: An idea\n---\nHow?\n'
    for (const desk of [one, other]) await pull(desk, idea, 'tasks/idea.md')
    expect(await other.text('tasks/idea.md')).toBe(await one.text('tasks/idea.md'))
    await exchange(one, other)
    await expectEqual(one, other)
    expect((await one.call('tasks.list', { all: true })).tasks).toHaveLength(3)
    expect(await one.conflicts()).toEqual([])
  })

  it('[M8] that met by pull before their documents met, and were edited in both since: all words, each once', async () => {
    const [one, other, text] = await two()
    await one.set('T-1', { body: BODY.replace('fails.', 'fails on Mondays.'), status: 'doing' })
    other.save(FILE, text.replace('See the log.', 'See the long log.').replace('labels: [web]', 'labels: [web, auth]'))
    await other.sync()
    await exchange(one, other)
    await exchange(one, other)
    await expectEqual(one, other)
    expect(await one.task('T-1')).toMatchObject({
      status: 'doing',
      labels: ['auth', 'web'],
      body: 'The login fails on Mondays.\n\nIt reads the token twice.\n\nSee the long log.\n',
    })
    // Nobody there remembered where the other's file came from: what it said stands below, and is listed.
    expect(await one.conflicts()).toEqual([
      {
        field: 'status',
        values: [
          ['doing', 'edit'],
          ['todo', 'file'],
        ],
      },
    ])
  })

  it('[M8] whose body had a life before the other met it: no text is doubled, none lost', async () => {
    const first = openDesk({ seed: 1 })
    await first.add('Fix login', { body: 'Draft.\n' })
    await first.set('T-1', { body: BODY })
    await first.commit()
    await first.sync()
    const other = await cloneOf(first, 2)
    const text = await other.text(FILE)
    other.save(FILE, text.replace('See the log.', 'See the long log.'))
    await other.sync()
    await first.set('T-1', { body: BODY.replace('fails.', 'fails on Mondays.') })
    await exchange(first, other)
    await exchange(first, other)
    await expectEqual(first, other)
    const { body } = await first.task('T-1')
    expect(body.match(/token/g)).toHaveLength(1)
    const said = JSON.stringify([body, await first.conflicts()])
    expect(said).toContain('fails on Mondays.')
    expect(said).toContain('See the long log.')
  })

  it('[M8] that differ at first sight: the written value is shown, what the file says is listed', async () => {
    const first = openDesk({ seed: 1 })
    await first.add('Fix login', { body: BODY })
    const text = await first.text(FILE)
    await first.set('T-1', { status: 'done' })
    const other = openDesk({ seed: 2, cloneOf: first })
    other.save(FILE, text.replace('status: todo', 'status: review'))
    await other.sync()
    await exchange(first, other)
    await exchange(first, other)
    await expectEqual(first, other)
    expect(await other.conflicts()).toEqual([
      {
        field: 'status',
        values: [
          ['done', 'edit'],
          ['review', 'file'],
        ],
      },
    ])
    expect(await other.text(FILE)).toBe(text.replace('status: todo', 'status: done'))
  })

  it('[M1][M6] with other line ends, each keeps its own, and the words of both arrive', async () => {
    const [one, , text] = await two()
    const other = openDesk({ seed: 7, cloneOf: one })
    const crlf = (said: string): string => `\u{feff}${said.replaceAll('\n', '\r\n')}`
    other.save(FILE, crlf(text))
    await other.sync()
    await exchange(one, other)
    await one.edit(FILE, 'See the log.\n', 'See the log\nof today.\n')
    await other.edit(FILE, 'The login fails.\r\n', 'The login fails.\r\nAgain.\r\n')
    await exchange(one, other)
    await exchange(one, other)
    const said = text.replace('See the log.\n', 'See the log\nof today.\n').replace('fails.\n', 'fails.\nAgain.\n')
    expect(await one.text(FILE)).toBe(said)
    expect(await other.text(FILE)).toBe(crlf(said))
    expect(await one.conflicts()).toEqual([])
  })

  it('[M6] that both change in one field show one value in both, list the other, and settle it where that is said', async () => {
    const [one, other] = await two()
    await exchange(one, other)
    await one.edit(FILE, 'status: todo', 'status: doing')
    await other.edit(FILE, 'status: todo', 'status: review')
    await exchange(one, other)
    await exchange(one, other)
    await expectEqual(one, other)
    const [conflict] = await one.conflicts()
    expect(conflict?.values.map(([value]) => value).toSorted()).toEqual(['doing', 'review'])
    const { status } = await one.task('T-1')
    expect(await other.text(FILE)).toContain(`status: ${status}\n`)
    // A file shows one value: who writes a third one there has not seen the other, which stays listed.
    const lost = status === 'doing' ? 'review' : 'doing'
    await other.edit(FILE, `status: ${status}`, 'status: blocked')
    await exchange(other, one)
    await expectEqual(one, other)
    expect((await one.conflicts())[0]?.values.map(([value]) => value)).toEqual(['blocked', lost])
    await one.edit(FILE, 'status: blocked', `status: ${lost}`)
    await exchange(one, other)
    await expectEqual(one, other)
    expect(await other.task('T-1')).toMatchObject({ status: lost, conflicts: [] })
  })

  it('[M15] a stale save beside changes of another workspace keeps these, in both', async () => {
    const [one, other, text] = await two()
    await exchange(one, other)
    await other.set('T-1', {
      status: 'done',
      priority: 'high',
      body: BODY.replace('See the log.', 'See the long log.'),
    })
    await exchange(one, other)
    expect(await one.text(FILE)).toContain('status: done')
    one.save(
      FILE,
      text.replace('The login fails.', 'The login fails for guests.').replace('status: todo', 'status: review'),
    )
    await exchange(one, other)
    await exchange(one, other)
    await expectEqual(one, other)
    expect(await other.task('T-1')).toMatchObject({
      status: 'done',
      priority: 'high',
      body: 'The login fails for guests.\n\nIt reads the token twice.\n\nSee the long log.\n',
    })
    expect(await other.conflicts()).toEqual([
      {
        field: 'status',
        values: [
          ['done', 'edit'],
          ['review', 'stale save'],
        ],
      },
    ])
  })

  it('[M14] a text put back where another workspace changed it meanwhile wins in both, and lists the other', async () => {
    const [one, other, text] = await two()
    await exchange(one, other)
    await other.set('T-1', { status: 'done' })
    await exchange(one, other)
    one.save(FILE, text)
    await exchange(one, other)
    await exchange(one, other)
    await expectEqual(one, other)
    expect(await other.task('T-1')).toMatchObject({ status: 'todo', conflicts: ['status'] })
    expect(await other.text(FILE)).toBe(text)
    expect((await other.conflicts())[0]?.values.map(([value]) => value)).toEqual(['todo', 'done'])
  })

  it('[M36] a file that one deletes and the other leaves is deleted in both', async () => {
    const [one, other] = await two()
    await exchange(one, other)
    one.remove(FILE)
    await one.sync()
    await exchange(one, other)
    await expectEqual(one, other)
    expect(await other.paths()).toEqual(['tasks/T-2-other.md'])
  })

  it('[M42] a file that one deletes while the other edits it stays with the words, and the conflict is listed', async () => {
    const [one, other, text] = await two()
    await exchange(one, other)
    one.remove(FILE)
    await one.sync()
    other.save(FILE, text.replace('See the log.', 'See the long log.'))
    await other.sync()
    await exchange(one, other)
    await exchange(one, other)
    expect(await other.text(FILE)).toContain('See the long log.')
    expect((await other.task('T-1')).conflicts).toEqual(['deleted'])
    await expectEqual(one, other)
  })
})

/** One change that reaches several workspaces by several roads stands there once, and all end with the same bytes. */
import { describe, expect, it } from 'vitest'
import { BODY, clones, expectEqual, FILE, pull, two } from './clones.ts'
import { exchange, pass, type Desk } from './desk.ts'

describe('the same commit', () => {
  const pulled = (text: string): string =>
    text
      .replace('status: todo', 'status: doing')
      .replace('labels: [web]', 'labels: [web, auth]')
      .replace('reads the token twice', 'reads the old token twice')
      .replace('See the log.', 'See the log of\nyesterday.\n\nMore to come.')

  /** What all of them end with, once everything has arrived. */
  async function endOf(...desks: readonly Desk[]): Promise<unknown> {
    for (let turn = 0; turn < 2; turn++)
      for (const one of desks) for (const other of desks) if (one !== other) await pass(one, other)
    await expectEqual(...desks)
    const [desk] = desks
    return { text: await desk?.text(FILE), conflicts: await desk?.conflicts(), problems: await desk?.problems() }
  }

  it('[M20][M50] pulled by both before their documents ever met', async () => {
    const [one, other, text] = await two()
    await pull(one, pulled(text))
    await pull(other, pulled(text))
    expect(await endOf(one, other)).toEqual({ text: pulled(text), conflicts: [], problems: [] })
  })

  it('[M20][M50] pulled by both before they exchange what it brought', async () => {
    const [one, other, text] = await two()
    await exchange(one, other)
    await pull(one, pulled(text))
    await pull(other, pulled(text))
    expect(await endOf(one, other)).toEqual({ text: pulled(text), conflicts: [], problems: [] })
  })

  it.each([
    ['a word of what the first brought', 'added line of words\n\n', 'added line of other words\n\n'],
    ['something before what the first brought', 'added line of words\n\n', 'before that\n\nadded line of words\n\n'],
    ['all of what the first brought', 'added line of words\n\n', 'nothing of that\n\n'],
    ['something behind what the first brought', 'added line of words\n\n', 'added line of words\n\nand more\n\n'],
  ])(
    '[M20][M50] two commits, looked at one by one by one and at once by the other: the second changes %s',
    async (_what, first, second) => {
      for (const meets of [false, true]) {
        const [one, other, text] = await two()
        if (meets) await exchange(one, other)
        const [step, end] = [first, second].map((added) => text.replace('See the log.', `${added}See the log.`))
        await pull(one, step ?? '')
        await pull(one, end ?? '')
        other.save(FILE, step ?? '')
        await other.commit()
        other.save(FILE, end ?? '')
        await other.commit()
        await other.sync()
        expect(await endOf(one, other)).toEqual({ text: end, conflicts: [], problems: [] })
      }
    },
  )

  it('[M50] pulled by one after the other’s documents brought it', async () => {
    const [one, other, text] = await two()
    await exchange(one, other)
    await pull(one, pulled(text))
    await exchange(one, other)
    expect(await other.text(FILE)).toBe(pulled(text))
    await pull(other, pulled(text))
    expect(await endOf(one, other)).toEqual({ text: pulled(text), conflicts: [], problems: [] })
  })

  it('[M20][M50] pulled by one while the other’s documents arrive', async () => {
    const [one, other, text] = await two()
    await exchange(one, other)
    await pull(one, pulled(text))
    const update = await one.run(async (_caller, project) => (await project.replica()).encode())
    other.save(FILE, pulled(text))
    await other.commit()
    await other.run((_caller, project) => project.absorb([update], { verb: 'remote', name: null }))
    expect(await endOf(one, other)).toEqual({ text: pulled(text), conflicts: [], problems: [] })
  })

  it('[M20][M50] pulled by three, one after the other, with documents passed in a ring', async () => {
    const [one, other, third] = await clones(3)
    if (one === undefined || other === undefined || third === undefined) throw new Error('there are three')
    const text = await one.text(FILE)
    await pull(one, pulled(text))
    await pass(one, other)
    await pull(third, pulled(text))
    await pass(other, third)
    await pull(other, pulled(text))
    expect(await endOf(one, other, third)).toEqual({ text: pulled(text), conflicts: [], problems: [] })
  })

  it('[M20][M50] two commits, the second pulled at once by one, step by step by the other', async () => {
    const [one, other, text] = await two()
    await exchange(one, other)
    await pull(one, text.replace('See the log.', 'See the log of\nyesterday.\n\nMore to come.'))
    await pull(one, pulled(text))
    await pull(other, pulled(text))
    expect(await endOf(one, other)).toEqual({ text: pulled(text), conflicts: [], problems: [] })
  })

  it('[M50] pulled where it came by documents already, and a command has gone on since: nothing goes back', async () => {
    const [one, other, text] = await two()
    await exchange(one, other)
    await pull(one, pulled(text))
    await one.set('T-1', { status: 'done', priority: 'high' })
    await exchange(one, other)
    await pull(other, pulled(text))
    await exchange(one, other)
    await expectEqual(one, other)
    expect(await other.task('T-1')).toMatchObject({ status: 'done', priority: 'high', labels: ['auth', 'web'] })
    expect((await other.task('T-1')).body.match(/yesterday/g)).toHaveLength(1)
  })

  it('[M50] pulled where it came by documents already, and others wrote on in the body: their words stay', async () => {
    const [one, other, text] = await two()
    await exchange(one, other)
    await pull(one, pulled(text))
    await one.set('T-1', {
      body: (await one.task('T-1')).body.replace('The login fails.', 'The login fails for guests.'),
    })
    await exchange(one, other)
    await pull(other, pulled(text))
    await exchange(one, other)
    await expectEqual(one, other)
    expect((await other.task('T-1')).body).toBe(
      'The login fails for guests.\n\nIt reads the old token twice.\n\nSee the log of\nyesterday.\n\nMore to come.\n',
    )
  })

  it('[M50] pulled where a field was changed here meanwhile: what the pull merely repeats says nothing', async () => {
    const [one, , text] = await two()
    await one.set('T-1', { status: 'done', body: BODY.replace('fails', 'still fails') })
    // Near to what is here, and yet the pull said one thing only: the label.
    await pull(one, text.replace('labels: [web]', 'labels: [web, auth]').replace('login fails', 'login still fails'))
    expect(await one.task('T-1')).toMatchObject({ status: 'done', labels: ['auth', 'web'], conflicts: [] })
    expect((await one.task('T-1')).body).toBe(BODY.replace('fails', 'still fails'))
  })
})

describe('the same fix', () => {
  const fixed = (text: string): string =>
    text.replace('It reads the token twice.', 'It reads the token once too often.')

  async function expectOnce(one: Desk, other: Desk): Promise<void> {
    await exchange(one, other)
    await exchange(one, other)
    await expectEqual(one, other)
    const { body, conflicts } = await one.task('T-1')
    expect(body.match(/once too often/g)).toHaveLength(1)
    expect(body.match(/token/g)).toHaveLength(1)
    expect(body).not.toContain('twice')
    expect(conflicts).toEqual([])
  }

  it('[M20][M21] made by two in their files', async () => {
    const [one, other, text] = await two()
    await exchange(one, other)
    for (const desk of [one, other]) {
      desk.save(FILE, fixed(text))
      await desk.sync()
    }
    await expectOnce(one, other)
    expect((await one.task('T-1')).body).toBe(fixed(BODY))
  })

  it('[M21] made by one in the file and by the other by command', async () => {
    const [one, other, text] = await two()
    await exchange(one, other)
    one.save(FILE, fixed(text))
    await one.sync()
    await other.set('T-1', { body: fixed(BODY) })
    await expectOnce(one, other)
    expect((await one.task('T-1')).body).toBe(fixed(BODY))
  })

  it('[M21] made by two by command', async () => {
    const [one, other] = await two()
    await exchange(one, other)
    for (const desk of [one, other]) await desk.set('T-1', { body: fixed(BODY) })
    await expectOnce(one, other)
    expect((await one.task('T-1')).body).toBe(fixed(BODY))
  })

  it('[M21] made by two who wrote other things in the body before', async () => {
    const [one, other] = await two()
    await exchange(one, other)
    await one.edit(FILE, 'The login fails.', 'The login fails for guests.')
    await one.sync()
    await other.edit(FILE, 'See the log.', 'See the long log.')
    await other.sync()
    for (const desk of [one, other]) {
      desk.save(FILE, fixed(await desk.text(FILE)))
      await desk.sync()
    }
    await expectOnce(one, other)
    expect((await one.task('T-1')).body).toBe(
      'The login fails for guests.\n\nIt reads the token once too often.\n\nSee the long log.\n',
    )
  })

  it('[M21] a paragraph that both append, and one writes on behind it later', async () => {
    const [one, other] = await two()
    await exchange(one, other)
    for (const desk of [one, other]) {
      await desk.edit(FILE, 'See the log.\n', 'See the log.\n\nFound it.\n')
      await desk.sync()
    }
    await other.edit(FILE, 'Found it.\n', 'Found it.\n\nMore by the other.\n')
    await other.sync()
    await exchange(one, other)
    await exchange(one, other)
    await expectEqual(one, other)
    expect((await one.task('T-1')).body).toBe(`${BODY}\nFound it.\n\nMore by the other.\n`)
  })

  it('[M2][M21] paragraphs that only begin alike are two texts: both stay whole', async () => {
    const [one, other] = await two()
    await exchange(one, other)
    await one.edit(FILE, 'See the log.\n', 'See the log.\n\nFound it.\n')
    await other.edit(FILE, 'See the log.\n', 'See the log.\n\nFound it.\n\nMore by the other.\n')
    for (const desk of [one, other]) await desk.sync()
    await exchange(one, other)
    await exchange(one, other)
    await expectEqual(one, other)
    const { body } = await one.task('T-1')
    expect(body).toContain('Found it.\n\nMore by the other.\n')
    expect(body.match(/See the log/g)).toHaveLength(1)
  })

  it('[M21] a paragraph that both take away is gone, and comes back once where one takes it back', async () => {
    const [one, other, text] = await two()
    await exchange(one, other)
    for (const desk of [one, other]) {
      desk.save(FILE, text.replace('\nIt reads the token twice.\n', ''))
      await desk.sync()
    }
    await exchange(one, other)
    await expectEqual(one, other)
    expect((await one.task('T-1')).body).toBe('The login fails.\n\nSee the log.\n')
    one.save(FILE, text)
    await one.sync()
    await exchange(one, other)
    await expectEqual(one, other)
    expect((await one.task('T-1')).body).toBe(BODY)
  })

  it('[M2][M21] the same line written twice by one hand stays twice', async () => {
    const [one, other] = await two()
    await exchange(one, other)
    await one.edit(FILE, 'See the log.\n', 'See the log.\n\n- [ ] test\n')
    await one.sync()
    await one.edit(FILE, '- [ ] test\n', '- [ ] test\n- [ ] test\n')
    await one.sync()
    await exchange(one, other)
    await expectEqual(one, other)
    expect((await other.task('T-1')).body.match(/- \[ \] test/g)).toHaveLength(2)
  })

  it('[M2] two who write different words at one place both find their words', async () => {
    const [one, other] = await two()
    await exchange(one, other)
    await one.edit(FILE, 'twice.', 'twice, says Sara.')
    await other.edit(FILE, 'twice.', 'twice, I think.')
    for (const desk of [one, other]) await desk.sync()
    await exchange(one, other)
    await exchange(one, other)
    await expectEqual(one, other)
    const { body } = await one.task('T-1')
    expect(body).toContain('says Sara')
    expect(body).toContain('I think')
    expect(body.match(/twice/g)).toHaveLength(1)
  })
})

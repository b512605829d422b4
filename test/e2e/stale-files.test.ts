/** Files that are gone, of another time, or of another kind: each command goes on with what is true, or says what is wrong. */
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeSample, TASKS, type Sample } from './damage-sample.ts'
import { document, expectNoTrace, expectRefusal, openWorkspacePlace, words, type Place, type Ran } from './support.ts'

let sample: Sample
beforeAll(async () => {
  sample = await makeSample()
})
afterAll(() => sample[Symbol.asyncDispose]())

async function expectWhole(): Promise<void> {
  const { place, tasks, details } = sample
  expect(await place.all()).toEqual(tasks)
  for (const [key, task] of details) expect((await place.json(['show', key])).task).toEqual(task)
  const doctor = await place.tide(['doctor', '--json'])
  expect(doctor.exit, `${words(doctor)}`).toBe(0)
}

/** Refused in words, or done. */
function expectTold(ran: Ran): void {
  expectNoTrace(ran)
  if (ran.exit !== 0) expectRefusal(ran, 1)
}

async function checksOf(place: Place, ...args: readonly string[]): Promise<string> {
  const ran = await place.tide(['doctor', '--json', ...args])
  expectNoTrace(ran)
  expect(document(ran.out).error, `${words(ran)}`).toBe(undefined)
  return JSON.stringify(document(ran.out)['checks'])
}

describe('files that are not what they were', () => {
  it('[G16] a missing MANIFEST, CURRENT or log: the doctor names it, --fix brings all back and keeps the old files', async () => {
    const { place, store, state } = sample
    await sample.reset()
    const names = (await readdir(store)).filter((name) => /^(?:CURRENT|MANIFEST|.*\.log$)/.test(name))
    expect(names).toHaveLength(3)
    for (const name of names) {
      await sample.reset()
      const before = await readdir(store)
      await rm(join(store, name))
      await rm(join(state, 'summary'))
      expectRefusal(await place.tide(['list']), 1, name)
      expectRefusal(await place.tide(['add', 'more']), 1, name)
      expect(await checksOf(place), 'the doctor names it').toContain(name)
      expect(await checksOf(place, '--fix')).toContain(name)
      expect(await place.all()).toHaveLength(TASKS)
      if (!name.endsWith('.log')) await expectWhole()
      const kept = (await readdir(state)).filter((folder) => folder.startsWith('store.'))
      expect(kept).toHaveLength(1)
      const old = await readdir(join(state, kept[0] ?? ''))
      expect(before.filter((file) => file !== name && file !== 'LOCK' && !old.includes(file))).toEqual([])
    }
  })

  it('[G17] without summary, without texts, without both: all is made again', async () => {
    for (const gone of [['summary'], ['texts-1'], ['summary', 'texts-1']]) {
      await sample.reset()
      for (const name of gone) await rm(join(sample.state, name))
      await expectWhole()
      expect(await sample.place.must(['search', 'lorem', '--all'])).toMatch(/^T-1\t/)
    }
  })

  it('[G17] a summary of an earlier time is not believed, alone or with its texts', async () => {
    await using place = await openWorkspacePlace()
    const state = join(place.dir, '.tidemark')
    const saved = join(place.root, 'saved')
    await place.must(['add', 'one', '--body', 'first'])
    await cp(state, saved, { recursive: true })
    await place.must(['set', 'T-1', 'title=uno', 'body=second', 'status=doing'])
    await place.must(['add', 'two', '--body', 'its body'])
    const [tasks, one, two] = [await place.all(), await place.json(['show', 'T-1']), await place.json(['show', 'T-2'])]
    const names = (await readdir(saved)).filter((name) => /^(?:summary|texts-)/.test(name))
    for (const replaced of [...names.map((name) => [name]), names]) {
      for (const name of replaced) await cp(join(saved, name), join(state, name))
      expect(await place.all(), `${replaced.join(' ')}`).toEqual(tasks)
      expect(await place.json(['show', 'T-1']), `${replaced.join(' ')}`).toEqual(one)
      expect(await place.json(['show', 'T-2']), `${replaced.join(' ')}`).toEqual(two)
      expect(await place.must(['search', 'second'])).toContain('uno')
      await place.must(['doctor'])
    }
  })

  it('[G17] a store of an earlier time beside a newer summary: lists say what the store says, or that something is lost', async () => {
    await using place = await openWorkspacePlace()
    const store = join(place.dir, '.tidemark', 'store')
    await place.must(['add', 'one'])
    await cp(store, join(place.root, 'saved'), { recursive: true })
    await place.must(['add', 'two'])
    await rm(store, { recursive: true })
    await cp(join(place.root, 'saved'), store, { recursive: true })
    expect((await place.all()).map((task) => task.title)).toEqual(['one'])
    await place.must(['add', 'three'])
    expect((await place.all()).map((task) => task.title)).toEqual(['one', 'three'])
    await place.must(['doctor'])
  })

  it('[G15] the state folder or a part of it is something else: told in words, or made again', async () => {
    const { place, state, store } = sample
    const odd: readonly (readonly [what: string, act: () => Promise<unknown>])[] = [
      ['.tidemark is a file', async () => rm(state, { recursive: true }).then(() => writeFile(state, 'x'))],
      ['the store is a file', async () => rm(store, { recursive: true }).then(() => writeFile(store, 'x'))],
      ['the summary is a folder', async () => rm(join(state, 'summary')).then(() => mkdir(join(state, 'summary')))],
      ['texts are a folder', async () => rm(join(state, 'texts-1')).then(() => mkdir(join(state, 'texts-1')))],
      ['the store is empty', async () => rm(store, { recursive: true }).then(() => mkdir(store))],
      ['the summary is empty', () => writeFile(join(state, 'summary'), '')],
      [
        'the summary is zeros',
        async () => writeFile(join(state, 'summary'), Buffer.alloc((await readFile(join(state, 'summary'))).length)),
      ],
    ]
    for (const [what, act] of odd) {
      await sample.reset()
      await act()
      for (const args of [['list'], ['show', 'T-3'], ['search', 'lorem'], ['status'], ['add', 'more'], ['history']]) {
        const ran = await place.tide(args)
        // An empty store has no tasks: that one is not found is true there.
        expect(ran.exit !== 3 || what.includes('store'), `${what}: ${words(ran)}`).toBe(true)
        if (ran.exit !== 3) expectTold(ran)
      }
      const doctor = await place.tide(['doctor', '--json'])
      expectNoTrace(doctor)
      expect([0, 1], `${what}: ${words(doctor)}`).toContain(doctor.exit)
    }
  })

  it('[G15] notes that only help (who owns, who wrote last, a socket of no one) may be anything', async () => {
    const { place, state } = sample
    for (const text of [
      '',
      '{',
      'null',
      '{"pid":"x"}',
      '{"pid":1}',
      `{"client":1e999,"clock":-1,"nonce":7}`,
      '\u0000'.repeat(50_000),
    ]) {
      await sample.reset()
      await writeFile(join(state, 'owner.json'), text)
      for (const name of await readdir(place.runtime)) {
        await writeFile(join(place.runtime, name), text)
        await writeFile(join(place.runtime, name.replace('.writer', '.sock')), text)
      }
      expect(await place.must(['add', 'more'])).toBe(`T-${TASKS + 1}\n`)
      await place.must(['status'])
      await place.must(['doctor'])
    }
  })

  it('[G17] the whole store gone beside a summary that knows its tasks: they are not gone without a word', async () => {
    const { place, store } = sample
    await sample.reset()
    await rm(store, { recursive: true })
    const listed = await place.tide(['list', '--all', '--json'])
    const checks = await checksOf(place)
    const isTold = listed.exit !== 0 || checks.includes('"problem"')
    expect(isTold || document(listed.out).tasks?.length === TASKS, `${words(listed)}\n${checks}`).toBe(true)
  })
})

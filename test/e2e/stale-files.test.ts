/** Files that are gone, of another time, or of another kind: each command goes on with what is true, or says what is wrong. */
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { keepNoFiles, makeSample, TASKS, type Sample } from './damage-sample.ts'
import { document, expectNoTrace, expectRefusal, openWorkspacePlace, words, type Place, type Ran } from './support.ts'
import { expectQuiet, expectSameInFiles, filesIn } from './task-files.ts'

let sample: Sample
beforeAll(async () => {
  sample = await makeSample()
})
afterAll(() => sample[Symbol.asyncDispose]())

async function expectWhole(): Promise<void> {
  const { place, tasks, details, files } = sample
  expect(await filesIn(place.dir)).toEqual(files)
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
      expect(await expectSameInFiles(place)).toHaveLength(TASKS)
      expect(await filesIn(place.dir)).toMatchObject(sample.files)
      await expectQuiet(place)
      if (!name.endsWith('.log')) await expectWhole()
      const kept = (await readdir(state)).filter((folder) => folder.startsWith('store.'))
      expect(kept).toHaveLength(1)
      const old = await readdir(join(state, kept[0] ?? ''))
      expect(before.filter((file) => file !== name && file !== 'LOCK' && !old.includes(file))).toEqual([])
    }
  })

  it('[G17] without summary, texts, index of files, or all of them: all is made again', async () => {
    await sample.reset()
    const texts = (await readdir(sample.state)).filter((name) => name.startsWith('texts-'))
    expect(texts).toHaveLength(1)
    for (const gone of [['summary'], texts, ['summary', ...texts], ['files'], ['files', 'summary', ...texts]]) {
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
    await keepNoFiles(place)
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

  it('[G17][M2] a store of an earlier time beside newer files: what files say comes in again, and nothing is taken back', async () => {
    await using place = await openWorkspacePlace()
    const store = join(place.dir, '.tidemark', 'store')
    for (const title of ['one', 'deleted since', 'purged since'])
      await place.must(['add', title, '--body', `${title}\n`])
    await cp(store, join(place.root, 'saved'), { recursive: true })
    await place.must(['set', 'T-1', 'title=uno', 'status=doing', 'labels+=web', 'body=one\nand more\n'])
    await place.must(['delete', 'T-2', 'T-3'])
    await place.must(['purge', 'T-3', '--yes'])
    await place.must(['add', 'four', '--depends', 'T-1', '--body', 'words'])
    const [before, tasks] = [await filesIn(place.dir), await place.all()]
    await rm(store, { recursive: true })
    await cp(join(place.root, 'saved'), store, { recursive: true })
    const after = await expectSameInFiles(place)
    expect(await filesIn(place.dir), 'no byte of a file that is there changes').toMatchObject(before)
    const { uid, key, title, status, labels, fields, path } = tasks[0] ?? {}
    expect(after[0]).toMatchObject({ uid, key, title, status, labels, fields, path, conflicts: [] })
    expect(after.find((task) => task.title === 'four')).toMatchObject({
      key: 'T-4',
      dependsOn: ['T-1'],
      deleted: false,
    })
    expect((await place.json(['show', 'T-1'])).task?.body).toBe('one\nand more\n')
    expect(await place.must(['add', 'five']), 'a number that a file has is given to nobody else').toBe('T-5\n')
    await expectQuiet(place)
    await place.must(['doctor'])
  })

  it('[G17][M52] an index of files of an earlier time, or of another workspace, is not believed', async () => {
    await using place = await openWorkspacePlace()
    await using other = await openWorkspacePlace()
    const index = join(place.dir, '.tidemark', 'files')
    await other.must(['add', 'one'])
    await place.must(['add', 'one', '--body', 'first'])
    const earlier = await readFile(index)
    await place.must(['set', 'T-1', 'title=uno', 'body=second'])
    await place.must(['add', 'two'])
    await place.must(['delete', 'T-2'])
    const [files, tasks] = [await filesIn(place.dir), await place.all()]
    for (const bytes of [earlier, await readFile(join(other.dir, '.tidemark', 'files')), Buffer.from('not an index')]) {
      await writeFile(index, bytes)
      expect(await place.all()).toEqual(tasks)
      await expectSameInFiles(place)
      await expectQuiet(place)
      await place.must(['doctor'])
      expect(await filesIn(place.dir)).toEqual(files)
    }
  })

  it('[G15] the state folder or a part of it is something else: told in words, or made again', async () => {
    const { place, state, store } = sample
    await sample.reset()
    const texts = (await readdir(state)).find((name) => name.startsWith('texts-')) ?? ''
    const odd: readonly (readonly [what: string, act: () => Promise<unknown>])[] = [
      ['.tidemark is a file', async () => rm(state, { recursive: true }).then(() => writeFile(state, 'x'))],
      ['the store is a file', async () => rm(store, { recursive: true }).then(() => writeFile(store, 'x'))],
      ['the summary is a folder', async () => rm(join(state, 'summary')).then(() => mkdir(join(state, 'summary')))],
      ['texts are a folder', async () => rm(join(state, texts)).then(() => mkdir(join(state, texts)))],
      ['the index of files is a folder', async () => rm(join(state, 'files')).then(() => mkdir(join(state, 'files')))],
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
      expect(await filesIn(place.dir), `${what}`).toMatchObject(sample.files)
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

  it('[G16][G17] a store that is gone for good: --fix begins anew with what files say, and keeps what lay beside it', async () => {
    const { place, store, state, tasks, files } = sample
    for (const makeEmpty of [() => rm(store, { recursive: true }), () => rm(state, { recursive: true })]) {
      await sample.reset()
      await makeEmpty()
      const isWhole = (await readdir(place.dir)).includes('.tidemark')
      const checks = isWhole ? await checksOf(place, '--fix') : 'begins anew with what files say, unasked'
      expect(checks).toContain('begins anew with what files say')
      const found = await expectSameInFiles(place)
      expect(await filesIn(place.dir), 'no byte changes').toEqual(files)
      const said = ({ uid, key, title, status, labels, dependsOn, fields }: (typeof tasks)[number]): unknown => [
        uid,
        key,
        title,
        status,
        labels,
        dependsOn,
        fields,
      ]
      expect(found.map(said)).toEqual(tasks.filter(({ deleted }) => !deleted).map(said))
      expect((await readdir(state)).filter((name) => name.startsWith('without-store'))).toHaveLength(isWhole ? 1 : 0)
      await place.must(['doctor'])
      await expectQuiet(place)
    }
  })
})

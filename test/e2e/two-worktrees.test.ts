/** The main job: two worktrees of one repository, `tide up` in both, and nothing else. */
import { appendFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openUpPlace, soon, type UpPlace } from './up-place.ts'

let place: UpPlace
let here = ''
let there = ''
beforeAll(async () => {
  place = openUpPlace()
  const git = (...args: readonly string[]): void => {
    const { status, stderr } = spawnSync('git', args, { cwd: place.root, env: { ...process.env, ...place.env } })
    if (status !== 0) throw new Error(String(stderr))
  }
  const [origin, clone, worktree] = ['origin', 'clone', 'worktree'].map((name) => join(place.root, name))
  ;[here, there] = [clone ?? '', worktree ?? '']
  const who = ['-c', 'user.name=sara', '-c', 'user.email=sara@example.com']
  git('init', '--quiet', '--initial-branch=main', origin ?? '')
  await place.prepare(
    ['init', '--dir', origin ?? ''],
    ['add', 'Was there', '--body', 'First.\n\nSecond.', '--dir', origin ?? ''],
  )
  git('-C', origin ?? '', 'add', '.')
  git('-C', origin ?? '', ...who, 'commit', '--quiet', '-m', 'one')
  git('clone', '--quiet', origin ?? '', here)
  git('-C', here, 'worktree', 'add', '--quiet', there)
  for (const dir of [here, there]) await place.must(['up'], { cwd: dir })
})
afterAll(() => place[Symbol.asyncDispose]())

const filesOf = (dir: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(join(dir, 'tasks'))
      .toSorted()
      .map((name) => [name, readFileSync(join(dir, 'tasks', name), 'utf8')]),
  )

/** Both folders hold the same bytes under the same names, and these words. */
async function expectBoth(words: readonly (string | RegExp)[]): Promise<void> {
  await soon(() => {
    const files = filesOf(here)
    expect(filesOf(there)).toEqual(files)
    for (const word of words) expect(JSON.stringify(files)).toMatch(word)
  })
}

const at = (dir: string, ...args: readonly string[]): Promise<string> => place.must(args, { cwd: dir })

describe('two worktrees, and tide up in both', () => {
  it('[G40] what is done on either side, by command or in a file, is on the other, byte for byte', async () => {
    await at(here, 'set', 'T-1', 'status=doing', 'priority=high')
    await expectBoth([/status: doing/, /priority: high/])
    await at(there, 'set', 'T-1', 'labels+=web')
    await expectBoth([/labels: \[web\]/])
    const path = join(there, 'tasks', 'T-1-was-there.md')
    writeFileSync(path, readFileSync(path, 'utf8').replace('Second.', 'Second, edited.'))
    await expectBoth([/Second, edited\./])
    appendFileSync(join(here, 'tasks', 'T-1-was-there.md'), '\nThird.\n')
    await expectBoth([/Second, edited\./, /Third\./])
    await at(there, 'comment', 'T-1', 'Seen there.')
    await soon(async () =>
      expect((await place.look(['show', 'T-1'], { cwd: here })).task?.comments).toMatchObject([
        { text: 'Seen there.' },
      ]),
    )
    const key = (await at(there, 'add', 'To be gone', '--body', 'Short.')).trim()
    await expectBoth([/To be gone/])
    await at(here, 'delete', key)
    await expectBoth([/^(?!.*To be gone)/])
    await at(there, 'restore', key)
    await expectBoth([/To be gone/])
    rmSync(join(here, 'tasks', `${key}-to-be-gone.md`))
    await expectBoth([/^(?!.*To be gone)/])
  })

  it('[G40] both write one body at once: no word is lost, and both have the same', async () => {
    const key = (await at(here, 'add', 'Shared', '--body', 'alpha\n\nmiddle\n\nomega\n')).trim()
    await expectBoth([/Shared/])
    const edit = (dir: string, from: string, to: string): void => {
      const path = join(dir, 'tasks', `${key}-shared.md`)
      writeFileSync(path, readFileSync(path, 'utf8').replace(from, to))
    }
    edit(here, 'alpha', 'alpha from here')
    edit(there, 'omega', 'omega from there')
    await expectBoth([/alpha from here\\n\\nmiddle\\n\\nomega from there/])
    expect((await place.look(['conflicts'], { cwd: there }))['conflicts']).toEqual([])
  })

  it('[G40] status says who has it open, that the relay has everything, and who else is there', async () => {
    await at(here, 'sync', '--wait')
    const { owner, relay, unsynced, conflicts, problems } = await place.json(['status'], { cwd: here })
    expect({ owner, relay, unsynced, conflicts, problems }).toEqual({
      owner: { pid: place.pid, since: expect.any(String) },
      relay: {
        url: place.relay?.url,
        state: 'synced',
        others: [{ workspace: 'worktree', actor: null, host: expect.any(String) }],
      },
      unsynced: 0,
      conflicts: 0,
      problems: [],
    })
    const told = await at(there, 'status')
    expect(told).toMatch(/^owner {6}process \d+ since /m)
    expect(told).toMatch(/^relay {6}synced, ws:\/\/127\.0\.0\.1:\d+$/m)
    expect(told).toMatch(/^others {5}clone on /m)
  })

  it('[G41] tasks made on both sides at once get different keys for good, and their files say the same', async () => {
    const titles = [0, 1, 2, 3, 4, 5].map((index) => `Made at once ${index}`)
    await Promise.all(titles.map((title, index) => at(index % 2 === 0 ? here : there, 'add', title)))
    const textsOf = (dir: string): readonly string[] => Object.values(filesOf(dir)).toSorted()
    const keysOf = async (cwd: string): Promise<readonly string[]> =>
      (await place.all({ cwd })).map(({ key, title }) => `${key} ${title}`)
    await soon(async () => {
      for (const title of titles) expect(textsOf(here).join('')).toContain(`title: ${title}\n`)
      expect(filesOf(there)).toEqual(filesOf(here))
      const keys = await keysOf(here)
      expect(await keysOf(there)).toEqual(keys)
      for (const key of keys) expect(key, 'no number is disputed').toMatch(/^T-\d+ /)
      expect(new Set(keys.map((key) => key.split(' ')[0])).size).toBe(keys.length)
      for (const key of keys.filter((one) => one.includes('Made at once')))
        expect(textsOf(here).join('')).toContain(`key: ${key.split(' ')[0]}\ntitle: ${key.replace(/^\S+ /, '')}\n`)
      for (const [path, text] of Object.entries(filesOf(here)))
        expect(path, 'named after its key').toContain(`${/^key: (.*)$/m.exec(text)?.[1] ?? 'no key'}-`)
    })
  })
})

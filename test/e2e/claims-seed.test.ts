/**
 * What agents did with lock files, by hand and at night, with the real command: takers of one task at once, batches, automatic
 * assignment, loops over what is ready. Worktrees are folders with the same settings.
 */
import { describe, expect, it } from 'vitest'
import { openClaimsPlace, refusalIn, type Asked, type ClaimsPlace } from './claims-place.ts'
import { openUpPlace } from './up-place.ts'
import { words } from './support.ts'

const names = (count: number): readonly string[] => Array.from({ length: count }, (_, index) => `agent-${index + 1}`)

/** Exactly one of them succeeded, and everybody else was told who. */
function expectOneTaker(asked: readonly Asked[], key: string): string {
  const winners = asked.flatMap(({ granted }) => granted)
  expect(winners, `${asked.map(words).join('\n')}`).toHaveLength(1)
  const by = winners[0]?.by ?? ''
  for (const one of asked.filter(({ exit }) => exit !== 0)) {
    const { code, message, heldBy, failed } = refusalIn(one)
    expect(one.exit, `${words(one)}`).toBe(4)
    expect(code).toBe('CLAIM_HELD')
    expect(message).toContain(`already assigned to agent:${by}`)
    expect(heldBy).toMatchObject({ by, type: 'agent', expiresAt: expect.stringMatching(/^\d{4}-.*Z$/) })
    expect(failed).toMatchObject([{ key, code: 'CLAIM_HELD', existing_assignee: `agent:${by}` }])
  }
  return by
}

describe.concurrent('the tests of agents that lock tasks', { timeout: 120_000 }, () => {
  it.each([
    ['in two worktrees', { worktrees: 2, relay: true }],
    ['in one worktree', { worktrees: 1, relay: true }],
    ['in one worktree without a relay', { worktrees: 1, relay: false }],
  ])('[C82] two takers of one task at once, %s: the first succeeds, the second is told who', async (_, options) => {
    await using claims = await openClaimsPlace({ ...options, tasks: 2 })
    for (const key of ['T-1', 'T-2']) {
      const [here, there] = claims.dirs
      const asked = await Promise.all([
        claims.ask(here, ['claim', key, '--as', 'agent-1']),
        claims.ask(there, ['claim', key, '--as', 'agent-2']),
      ])
      const by = expectOneTaker(asked, key)
      // In words too; and who holds it is who is assigned.
      const loser = by === 'agent-1' ? 'agent-2' : 'agent-1'
      const ran = await claims.tide(here, ['claim', key, '--as', loser])
      expect(ran.exit).toBe(4)
      expect(ran.err).toMatch(
        new RegExp(`^tide: ${key} is held by agent:${by} until .*already assigned to agent:${by}\nhint: `),
      )
      expect((await claims.task(by === 'agent-1' ? here : there, key)).assignees).toEqual([by])
    }
  })

  it('[C82] twenty takers of one task at once, in four worktrees: one succeeds', async () => {
    await using claims = await openClaimsPlace({ worktrees: 4 })
    const asked = await Promise.all(
      names(20).map((name, index) => claims.ask(claims.dirs[index % 4] ?? '', ['claim', 'T-1', '--as', name])),
    )
    const by = expectOneTaker(asked, 'T-1')
    const [dir] = claims.dirs
    expect((await claims.must(dir, ['claims'])).answer['claims']).toMatchObject([{ key: 'T-1', by }])
  })

  it('[C83] a batch of three is assigned all or none', async () => {
    await using claims = await openClaimsPlace({ worktrees: 4, tasks: 3 })
    const [here, there] = claims.dirs
    await claims.must(there, ['claim', 'T-2', '--as', 'agent-2'])
    const refused = await claims.ask(here, ['claim', 'T-1', 'T-2', 'T-3', '--as', 'agent-1'])
    expect(refused.exit).toBe(4)
    expect(refusalIn(refused).failed).toMatchObject([{ key: 'T-2', existing_assignee: 'agent:agent-2' }])
    expect(refused.answer.error?.details['assigned']).toEqual([])
    await claims.must(there, ['claim', 'T-1', 'T-3', '--check', '--as', 'agent-3'])
    await claims.must(there, ['release', 'T-2', '--as', 'agent-2'])
    const { answer } = await claims.must(here, ['claim', 'T-1', 'T-2', 'T-3', '--as', 'agent-1'])
    expect(answer).toMatchObject({ assigned: ['T-1', 'T-2', 'T-3'], failed: [] })
    await claims.must(here, ['release', 'T-1', 'T-2', 'T-3', '--as', 'agent-1'])
    // In whatever order they are named.
    const orders = [
      ['T-1', 'T-2', 'T-3'],
      ['T-3', 'T-2', 'T-1'],
      ['T-2', 'T-3', 'T-1'],
      ['T-3', 'T-1', 'T-2'],
    ]
    const batches = await Promise.all(
      orders.map((keys, index) => claims.ask(claims.dirs[index] ?? '', ['claim', ...keys, '--as', `agent-${index}`])),
    )
    expect(batches.map(({ exit }) => exit).toSorted((a, b) => Number(a) - Number(b))).toEqual([0, 4, 4, 4])
    const [winner] = batches.flatMap(({ granted: own }) => own)
    const held = (await claims.must(here, ['claims'])).answer['claims'] as Asked['granted']
    expect(held.map(({ key, by }) => `${key} ${by}`).sort()).toEqual(
      ['T-1', 'T-2', 'T-3'].map((key) => `${key} ${winner?.by}`),
    )
  })

  it('[C84] a night of automatic assignment, from two worktrees at once, gives nothing twice', async () => {
    await using claims = await openClaimsPlace({ worktrees: 2, tasks: 9 })
    const [here, there] = claims.dirs
    await claims.must(there, ['claim', 'T-2', '--as', 'sara', '--type', 'human'])
    const night = ['assign', '--auto', ...names(3), '--limit', '2']
    const nights = await Promise.all([claims.must(here, night), claims.must(there, night), claims.must(here, night)])
    const granted = nights.flatMap((one) => one.granted)
    expect(new Set(granted.map(({ uid }) => uid)).size, `${JSON.stringify(granted)}`).toBe(6)
    expect(granted).toHaveLength(6)
    for (const name of names(3)) expect(granted.filter(({ by }) => by === name)).toHaveLength(2)
    expect(granted.map(({ key }) => key)).not.toContain('T-2')
    // Who works elsewhere has it there too.
    await claims.sync(here, there)
    for (const { key, by } of granted) {
      expect((await claims.task(there, key)).assignees).toEqual([by])
      await claims.must(there, ['done', key, '--as', by])
    }
    await claims.sync(here)
    const { answer } = await claims.must(here, ['claims'])
    expect(answer['claims']).toMatchObject([{ key: 'T-2', by: 'sara', type: 'human' }])
    expect((await claims.must(here, night)).granted).toHaveLength(2)
  })

  const TASKS = 12

  it('[C85] agents that loop in three worktrees do each task exactly once', async () => {
    await using claims = await openClaimsPlace({ worktrees: 3, tasks: TASKS })
    const done = await Promise.all(
      names(6).map((name, index) => work(name, (args) => claims.ask(claims.dirs[index % 3] ?? '', args))),
    )
    expect(done.flat()).toHaveLength(TASKS)
    await claims.sync(...claims.dirs)
    await expectAllDone(done.flat(), claims)
  })

  it('[C85] agents that loop in two worktrees with tide up in both do each task exactly once', async () => {
    await using place = openUpPlace()
    await place.prepare(['init'])
    for (let index = 1; index <= TASKS; index++) await place.prepare(['add', `task ${index}`])
    const other = await place.workspace('other', { like: place.dir })
    for (const dir of [place.dir, other]) await place.must(['up'], { cwd: dir })
    await place.must(['sync', '--wait'])
    await place.must(['sync', '--wait'], { cwd: other })
    const done = await Promise.all(
      names(4).map((name, index) =>
        work(name, async (args) => {
          const ran = await place.ask(args, { cwd: index % 2 === 0 ? place.dir : other })
          return { ...ran, granted: (ran.answer['granted'] ?? []) as Asked['granted'] }
        }),
      ),
    )
    const uids = done.flat()
    expect(uids.toSorted()).toEqual([...new Set(uids)].sort())
    expect(uids).toHaveLength(TASKS)
    for (const dir of [place.dir, other]) {
      await place.must(['sync', '--wait'], { cwd: dir })
      const { tasks = [] } = await place.json(['list', '--all'], { cwd: dir })
      expect(tasks.filter(({ status }) => status === 'done')).toHaveLength(TASKS)
      expect((await place.json(['claims'], { cwd: dir }))['claims']).toEqual([])
    }
  })
})

/** As long as something is ready: takes it, and finishes it. What it did. */
async function work(name: string, ask: (args: readonly string[]) => Promise<Asked>): Promise<readonly string[]> {
  const done: string[] = []
  for (;;) {
    const next = await ask(['claim', '--next', '--as', name])
    if (next.exit === 3) return done
    expect(next.exit, `${words(next)}`).toBe(0)
    const [own] = next.granted
    if (own === undefined) throw new Error(words(next))
    done.push(own.uid)
    const finished = await ask(['done', own.key, '--as', name, '--token', String(own.token)])
    expect(finished.exit, `${words(finished)}`).toBe(0)
  }
}

async function expectAllDone(uids: readonly string[], claims: ClaimsPlace): Promise<void> {
  for (const dir of claims.dirs) {
    const tasks = await claims.place.all({ cwd: dir })
    expect(uids.toSorted()).toEqual(tasks.map(({ uid }) => String(uid)).sort())
    expect(tasks.map(({ status }) => status)).toEqual(tasks.map(() => 'done'))
    expect((await claims.must(dir, ['claims'])).answer['claims']).toEqual([])
  }
}

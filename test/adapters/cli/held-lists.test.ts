/** Who holds what, as people and programs read it: in lists, in show, in claims. */
import { describe, expect, it } from 'vitest'
import { runProgram } from '../../../adapters/cli/program.ts'
import type { ClaimView, TaskDetail } from '../../../src/internal.ts'
import { taskOf } from './fake-project.ts'
import { FakeWorld, type FakeOptions } from './fake-world.ts'
import { tide } from './run.ts'

const claim: ClaimView = {
  by: 'agent-1',
  type: 'agent',
  token: 6,
  expiresAt: '2026-01-02T04:00:00.000Z',
  state: 'granted',
  scope: 'relay',
}
const SINCE = '2026-01-02T03:01:00.000Z'

describe('who holds a task', () => {
  const held = [
    taskOf('T-1', { claim, assignees: ['sara', 'agent-1'], status: 'doing' }),
    taskOf('T-2', { claim: { ...claim, by: 'tom', state: 'tentative', token: 0 } }),
    taskOf('T-3', { claim: { ...claim, by: 'an-agent-with-a-long-name' }, assignees: ['sara'] }),
    taskOf('T-4', { assignees: ['sara'] }),
  ]

  it('[C77] is a mark on a pipe', async () => {
    const { out } = await tide(['list'], { tasks: held })
    expect(out.split('\n').map((line) => line.split('\t').at(-1))).toEqual([
      'claim:agent-1',
      'claim:~tom',
      'claim:an-agent-with-a-long-name',
      'ready',
      '',
    ])
  })

  it('[C77] is a mark on a terminal too, and the first of the names', async () => {
    expect((await tide(['list'], { tasks: held, terminal: 80 })).out)
      .toBe(`   KEY  STATUS  WHO                            TITLE
@  T-1  doing   agent-1, sara                  Task T-1
~  T-2  todo    ~tom                           Task T-2
@  T-3  todo    an-agent-with-a-long-name, +1  Task T-3
>  T-4  todo    sara                           Task T-4
`)
    expect((await tide(['list'], { tasks: held, terminal: 40 })).out).toContain('@  T-3  todo    +2 ')
  })

  it('[C77] stands in show with type, end, token and who granted it', async () => {
    const shown = async (more: Partial<ClaimView>): Promise<string | undefined> =>
      /^claim +(.*)$/m.exec(
        (await tide(['show', 'T-1'], { tasks: [taskOf('T-1', { claim: { ...claim, ...more } })] })).out,
      )?.[1]
    expect(await shown({})).toBe('agent-1 (agent) until 2026-01-02 04:00:00Z, token 6 of the relay')
    expect(await shown({ scope: 'workspace', type: 'human' })).toBe(
      'agent-1 (human) until 2026-01-02 04:00:00Z, token 6 of this workspace',
    )
    expect(await shown({ state: 'tentative', token: 0 })).toBe(
      '~agent-1 (agent) until 2026-01-02 04:00:00Z, tentative: the relay has not agreed yet',
    )
  })
})

describe('claims', () => {
  const listed: readonly TaskDetail[] = [
    taskOf('T-2', {
      claim: { ...claim, token: 1_767_323_045_678 },
      title: 'Fix the login page that forgets everybody',
    }),
    taskOf('T-30', {
      claim: { ...claim, by: 'sara', type: 'human', token: 0, state: 'tentative' },
      title: '修复登录页面',
    }),
  ]
  const lost = { key: 'T-4', uid: 'uidT-4', by: 'me', type: 'agent' as const, at: '2026-01-02T03:00:00.000Z' }
  const claims = async (options: FakeOptions): Promise<FakeWorld> => {
    const world = new FakeWorld(['claims'], { tasks: listed, ...options })
    world.project.claims.lost.push({ ...lost, heldBy: { ...claim, by: 'tom' } }, { ...lost, key: 'T-5', heldBy: null })
    world.project.claims.relayIsAway = true
    expect(await runProgram(world)).toBe(0)
    return world
  }

  it('[C68] lists who holds what and what was lost, tab-separated on a pipe', async () => {
    const { out, err } = await claims({})
    expect(out.split('\n').map((line) => line.split('\t'))).toEqual([
      ['T-2', 'agent:agent-1', claim.expiresAt, '1767323045678', 'granted', 'relay', listed[0]?.title, SINCE],
      ['T-30', 'human:sara', claim.expiresAt, '', 'tentative', 'relay', listed[1]?.title, ''],
      ['T-4', 'agent:me', lost.at, '', 'lost', 'relay', 'agent:tom', ''],
      ['T-5', 'agent:me', lost.at, '', 'lost', 'relay', '', ''],
      [''],
    ])
    expect(err).toBe('tide: the relay could not be asked: this is what was known last\n')
  })

  it('[C68] is a table on a terminal, which leaves out the token before it cuts titles short', async () => {
    expect((await claims({ terminal: 90 })).out)
      .toBe(`KEY   HOLDER         HELD (UTC)                 TOKEN          TITLE
T-2   agent:agent-1  2026-01-02 03:01 to 04:00  1767323045678  Fix the login page that fo…
T-30  human:~sara    until 2026-01-02 04:00     tentative      修复登录页面
lost: T-4 by agent:me, 2026-01-02 03:00:00Z: agent:tom holds it
lost: T-5 by agent:me, 2026-01-02 03:00:00Z: nobody holds it now
`)
    const headAt = async (terminal: number): Promise<string | undefined> =>
      (await claims({ terminal })).out.split('\n')[0]
    expect(await headAt(80)).toBe('KEY   HOLDER         HELD (UTC)                 TITLE')
    expect(await headAt(40)).toBe('KEY   HOLDER         TITLE')
  })

  it('[C68] names both days of a claim that lasts over night', async () => {
    const night = taskOf('T-2', { claim: { ...claim, expiresAt: '2026-01-03T07:00:00.000Z' } })
    expect((await claims({ tasks: [night], terminal: 80 })).out).toContain('2026-01-02 03:01 to 2026-01-03 07:00')
  })

  it('[C68] says on a terminal that nobody holds anything', async () => {
    expect(await tide(['claims'], { terminal: 80 })).toMatchObject({ out: '', err: 'nobody holds anything\n', exit: 0 })
  })
})

/** Claims on the command line: what is asked, what is answered, with which exit code. */
import { describe, expect, it } from 'vitest'
import { leaseLimits, waitLimits } from '../../../adapters/cli/claim-options.ts'
import { runProgram } from '../../../adapters/cli/program.ts'
import type { ClaimView, Result } from '../../../src/internal.ts'
import { claimLimits } from '../../../src/claims/parse.ts'
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
const tasks = [
  taskOf('T-1', { title: 'Fix login' }),
  taskOf('T-2', { claim, title: 'Write notes' }),
  taskOf('T-3', { claim: { ...claim, by: 'tom', type: 'human' } }),
]
const UNTIL = '2026-01-02T03:34:05.678Z'

/** The same with the relay out of reach. */
async function offline(args: readonly string[], options: FakeOptions = {}): Promise<FakeWorld & { exit: number }> {
  const world = new FakeWorld(args, { tasks, ...options })
  world.project.claims.relayIsAway = true
  return Object.assign(world, { exit: await runProgram(world) })
}

const callsOf = ({ calls }: FakeWorld): unknown => calls.slice(1)
const errorOf = ({ out }: FakeWorld): Record<string, unknown> =>
  (JSON.parse(out) as { error: Record<string, unknown> }).error

describe('what is asked', () => {
  it.each([
    [
      ['claim', 'T-1', '--for', '1h', '--request', 'r', '--as', 'agent-7'],
      'tasks.claim',
      { keys: ['T-1'], leaseMs: 3_600_000, request: 'r', type: 'agent' },
    ],
    [
      ['claim', 'T-2', '--steal', 'gone', '--type', 'human'],
      'tasks.claim',
      { keys: ['T-2'], steal: 'gone', type: 'human' },
    ],
    [['claim', '--next', '--count', '2'], 'tasks.claimNext', { count: 2, type: 'agent' }],
    [['claim', 'T-1', '--check'], 'tasks.claim', { keys: ['T-1'], type: 'agent', check: true }],
    [['start', 'T-1', '--wait', '5s'], 'tasks.start', { keys: ['T-1'], waitMs: 5_000, type: 'agent' }],
    [
      ['assign', '--auto', 'agent-1', '--limit', '2', '-l', 'web'],
      'tasks.assign',
      { to: ['agent-1'], limit: 2, label: ['web'] },
    ],
    [
      ['renew', 'T-2', '--as', 'agent-1', '--type', 'agent', '--token', '6'],
      'tasks.renew',
      { keys: ['T-2'], type: 'agent', token: 6 },
    ],
    [['release', 'T-1', '--token', '6'], 'tasks.release', { keys: ['T-1'], token: 6 }],
    [['claims'], 'claims.list', {}],
    [['done', 'T-2', '--token', '6'], 'tasks.transition', { keys: ['T-2'], to: 'done', token: 6 }],
    [
      ['set', 'T-2', 'status=review', '--token', '6'],
      'tasks.update',
      { keys: ['T-2'], changes: { status: 'review' }, token: 6 },
    ],
  ] as const)('[C60] tide %j asks the workspace once, and closes it', async (args, method, params) => {
    const world = await tide([...args], { tasks })
    expect([world.exit, world.opened, world.closed]).toEqual([0, 1, 1])
    expect(callsOf(world)).toEqual([[method, params]])
  })

  it('[C60] times are those that an arbiter takes', () => {
    const { shortestLeaseMs, longestLeaseMs, longestWaitMs } = claimLimits
    expect(leaseLimits).toEqual({ leastMs: shortestLeaseMs, mostMs: longestLeaseMs })
    expect(waitLimits.mostMs).toBe(longestWaitMs)
  })

  it('[C61] a human claims at a terminal, an agent elsewhere; the environment, then --type, say otherwise', async () => {
    const typeOf = async (args: readonly string[], options: FakeOptions = {}): Promise<unknown> =>
      (await tide(args, { tasks, ...options })).calls[1]?.[1]
    const [atTerminal, human] = [{ answer: '' }, { env: { TIDEMARK_TYPE: 'human' } }]
    expect(await typeOf(['claim', 'T-1'])).toMatchObject({ type: 'agent' })
    expect(await typeOf(['claim', 'T-1'], atTerminal)).toMatchObject({ type: 'human' })
    expect(await typeOf(['start', 'T-1'], atTerminal)).toMatchObject({ type: 'human' })
    expect(await typeOf(['claim', '--next'], human)).toMatchObject({ type: 'human' })
    expect(await typeOf(['claim', 'T-1', '--type', 'agent'], { ...atTerminal, ...human })).toMatchObject({
      type: 'agent',
    })
    expect(await typeOf(['claim', 'T-1'], { env: { TIDEMARK_TYPE: '' } })).toMatchObject({ type: 'agent' })
    // Whose claim it is says the name; only what is said is asked for.
    expect(await typeOf(['release', 'T-1'], atTerminal)).toEqual({ keys: ['T-1'] })
    expect(await typeOf(['renew', 'T-1'], human)).toEqual({ keys: ['T-1'], type: 'human' })
    const odd = await tide(['claim', 'T-1'], { tasks, env: { TIDEMARK_TYPE: 'robot' } })
    expect([odd.exit, odd.calls]).toEqual([2, []])
    expect(odd.err).toContain('TIDEMARK_TYPE: "robot" is neither agent nor human')
  })
})

describe('granted', () => {
  it('[C62] is one document', async () => {
    const { exit, out, err } = await tide(['claim', 'T-1', '--as', 'agent-7', '--json'], { tasks })
    expect([exit, err]).toEqual([0, ''])
    expect(JSON.parse(out)).toEqual({
      schema: 1,
      granted: [
        {
          key: 'T-1',
          uid: 'uidT-1',
          by: 'agent-7',
          type: 'agent',
          token: 7,
          expiresAt: UNTIL,
          state: 'granted',
          scope: 'relay',
        },
      ],
      assigned: ['T-1'],
      failed: [],
      skipped: [],
    })
  })

  it('[C62] is a line for each task: tab-separated on a pipe, aligned on a terminal', async () => {
    const piped = await tide(['claim', 'T-1', '--as', 'agent-7'], { tasks })
    expect([piped.exit, piped.out, piped.err]).toEqual([0, `T-1\tagent:agent-7\t${UNTIL}\t7\tgranted\trelay\n`, ''])
    const seen = await tide(['assign', '--auto', 'a', 'bobby'], {
      tasks: [taskOf('T-9'), taskOf('T-10')],
      terminal: 80,
    })
    expect(seen.out).toBe(
      'T-9   agent:a      until 2026-01-02 03:34:05Z  7\nT-10  agent:bobby  until 2026-01-02 03:34:05Z  8\n',
    )
  })

  it('[C62] start shows the tasks as they are then, and its document has them and the claims', async () => {
    expect((await tide(['start', 'T-1'], { tasks, terminal: 80 })).out).toMatch(/^@ {2}T-1 {2}doing .*Fix login\n$/)
    const { out } = await tide(['start', 'T-1', '--json'], { tasks })
    expect(JSON.parse(out)).toMatchObject({ tasks: [{ key: 'T-1', status: 'doing' }], granted: [{ token: 7 }] })
  })

  it('[C63] --check says what is free, and claims nothing', async () => {
    const free = await tide(['claim', 'T-1', '--check'], { tasks })
    expect([free.exit, free.out, free.project.tasks.get('T-1')?.claim]).toEqual([0, 'T-1\tfree\n', null])
    expect((await tide(['claim', 'T-1', 'T-2', '--check'], { tasks })).exit).toBe(4)
  })

  it('[C63] --next takes what nobody holds, and exits with 3 where nothing is ready', async () => {
    expect((await tide(['claim', '--next'], { tasks })).out).toMatch(/^T-1\t/)
    const none = await tide(['claim', '--next', '--json'], { tasks: tasks.slice(1) })
    expect([none.exit, errorOf(none)]).toMatchObject([3, { code: 'NOTHING_READY' }])
    const { err } = await tide(['claim', '--next', '-l', 'web'], { tasks: [] })
    expect(err).toMatch(/^tide: nothing is ready with the label web\nhint: /)
  })

  it('[C63] what others hold is passed over, and told on a terminal in one line', async () => {
    const world = new FakeWorld(['claim', '--next'], { tasks, terminal: 80 })
    const skipped = ['T-2', 'T-3', 'T-4', 'T-5', 'T-6'].map((key) => ({ key, existing_assignee: 'agent:agent-1' }))
    const next = world.project.handlers['tasks.claimNext']
    const handler = (...given: Parameters<typeof next>): object => ({ ...next(...given), skipped })
    Object.assign(world.project.handlers, { 'tasks.claimNext': handler })
    expect(await runProgram(world)).toBe(0)
    expect(world.err.split('\n')[0]).toBe(
      'passed over what others hold: T-2 (agent:agent-1), T-3 (agent:agent-1), T-4 (agent:agent-1), and 2 more',
    )
  })

  it('[C63] assign shares out what is ready; nothing ready is no failure', async () => {
    const some = ['T-1', 'T-2', 'T-3'].map((key) => taskOf(key))
    const { out } = await tide(['assign', '--auto', 'a', 'b', '--limit', '2'], { tasks: some })
    expect(out.split('\n').map((line) => line.split('\t').slice(0, 2).join(' '))).toEqual([
      'T-1 agent:a',
      'T-2 agent:b',
      'T-3 agent:a',
      '',
    ])
    const none = await tide(['assign', '--auto', 'a'], { tasks: [], terminal: 80 })
    expect([none.exit, none.out, none.err]).toEqual([0, '', 'nothing was ready, or each of them holds enough\n'])
  })

  it('[C63] a plain assign is refused, and the hint says what does that', async () => {
    const { exit, calls, err } = await tide(['assign', 'T-12', 'tom'], { tasks })
    expect([exit, calls]).toEqual([2, []])
    expect(err).toContain('tide set T-12 assignees+=tom\n')
  })
})

describe('refused', () => {
  it('[C64] with exit 4, who holds it, and what failed', async () => {
    const held = await tide(['claim', 'T-1', 'T-2', 'T-3', '--json'], { tasks })
    expect([held.exit, held.err]).toEqual([4, ''])
    const { details, ...error } = errorOf(held)
    expect(error).toEqual({
      code: 'CLAIM_HELD',
      message: 'T-2 is held by agent:agent-1 until 2026-01-02 04:00:00Z: already assigned to agent:agent-1',
      hint: expect.stringContaining('tide claim --next') as unknown,
    })
    expect(details).toMatchObject({
      key: 'T-2',
      heldBy: { by: 'agent-1', type: 'agent', expiresAt: '2026-01-02T04:00:00.000Z' },
      assigned: [],
      failed: [
        { key: 'T-2', code: 'CLAIM_HELD', existing_assignee: 'agent:agent-1' },
        { key: 'T-3', existing_assignee: 'human:tom' },
      ],
    })
    expect(held.project.tasks.get('T-1')?.claim).toBeNull()
  })

  it('[C64] in words each that failed is a line', async () => {
    const { exit, out, err } = await tide(['start', 'T-2', 'T-3'], { tasks })
    expect([exit, out]).toEqual([4, ''])
    expect(err.split('\n').map((line) => line.split(' until')[0])).toEqual([
      'tide: T-3 is held by human:tom',
      'tide: T-2 is held by agent:agent-1',
      expect.stringContaining('hint: ') as unknown,
      '',
    ])
  })

  it('[C64] who waits at a terminal is told so after a second, and not before', async () => {
    for (const [ms, told] of [
      [999, ''],
      [1_000, 'waiting up to 10m for what others hold, or for the relay\n'],
    ] as const) {
      const world = new FakeWorld(['claim', 'T-1', '--wait', '10m'], { tasks, terminal: 80 })
      const claim = world.project.handlers['tasks.claim']
      let answer: (() => void) | undefined
      const late = async (...given: Parameters<typeof claim>): Promise<unknown> => {
        await new Promise<void>((resolve) => (answer = resolve))
        return claim(...given)
      }
      Object.assign(world.project.handlers, { 'tasks.claim': late })
      const exit = runProgram(world)
      await world.tick(0)
      await new Promise((resolve) => setImmediate(resolve))
      await world.tick(ms)
      expect(world.err).toBe(told)
      answer?.()
      expect(await exit).toBe(0)
    }
  })

  it('[C64] with exit 6 after a wait, which is named', async () => {
    for (const command of ['claim', 'start']) {
      const { exit, err } = await tide([command, 'T-2', '--wait', '5s'], { tasks })
      expect([exit, err.split('\n')[0]]).toEqual([6, 'tide: Lock timeout after 5s: T-2 is held by agent:agent-1'])
    }
  })

  it('[C65] renew and release exit with 4 where somebody else holds a task, and say what was done', async () => {
    const mine = [taskOf('T-1', { claim }), taskOf('T-2', { claim: { ...claim, by: 'tom' } })]
    const renewed = await tide(['renew', 'T-1', 'T-2', '--as', 'agent-1'], { tasks: mine })
    expect([renewed.exit, renewed.out]).toEqual([4, `T-1\tagent:agent-1\t${UNTIL}\t6\tgranted\trelay\n`])
    expect(renewed.err).toContain('tide: the claim on T-2 is over: agent:tom holds it until 2026-01-02 04:00:00Z\n')
    const released = await tide(['release', 'T-1', 'T-2', '--as', 'agent-1', '--json'], { tasks: mine })
    expect(errorOf(released)).toMatchObject({ code: 'CLAIM_LOST', details: { key: 'T-2', released: [] } })
    expect((await tide(['release', 'T-1', '--as', 'agent-1'], { tasks: mine })).out).toBe('T-1\n')
  })

  it('[C65] a claim that is gone says so', async () => {
    const { err } = await tide(['renew', 'T-1'], { tasks })
    expect(err).toContain('tide: the claim on T-1 is over: it was released, or its lease ran out\n')
  })

  it('[C66] a write with a token that nobody can confirm waits, and exits with 5', async () => {
    for (const words of [
      ['done', 'T-2'],
      ['set', 'T-2', 'status=done'],
    ]) {
      const world = new FakeWorld([...words, '--token', '6'], { tasks })
      const waiting = (): Result<'tasks.update'> => ({ tasks: world.project.all(), waiting: ['T-2'] })
      Object.assign(world.project.handlers, { 'tasks.transition': waiting, 'tasks.update': waiting })
      expect([await runProgram(world), world.out]).toEqual([5, ''])
      expect(world.err).toBe('tide: not written yet: T-2: the relay has to confirm the token first\n')
    }
  })

  it('[C66] a write with a token that is no longer the last changes nothing', async () => {
    for (const words of [
      ['done', 'T-2'],
      ['drop', 'T-2'],
      ['set', 'T-2', 'status=done'],
    ]) {
      const world = await tide([...words, '--token', '5'], { tasks })
      expect([world.exit, world.project.tasks.get('T-2')?.status]).toEqual([4, 'todo'])
      expect(world.err).toContain('token 5 of T-2 is no longer valid')
    }
  })
})

describe('tentative', () => {
  it('[C67] a claim that the relay could not be asked for exits with 0, and stderr says so', async () => {
    for (const command of ['claim', 'start']) {
      const { exit, err } = await offline([command, 'T-1'])
      expect([exit, err]).toEqual([
        0,
        'tide: the relay could not be asked: T-1 is claimed tentatively until it can be\n' +
          'hint: tide status says why; tide up runs a relay on this machine\n',
      ])
    }
    expect((await offline(['claim', 'T-1'])).out).toBe(`T-1\tagent:me\t${UNTIL}\t\ttentative\trelay\n`)
    const { exit, out, err } = await offline(['claim', 'T-1', '--json'])
    expect([exit, err, JSON.parse(out)]).toMatchObject([0, '', { granted: [{ state: 'tentative', token: 0 }] }])
  })

  it('[C67] with --wait it exits with 5, stays, and nothing runs', async () => {
    for (const more of [[], ['--json'], ['--', 'make']]) {
      const world = await offline(['claim', 'T-1', '--wait', '5s', ...more])
      expect([world.exit, world.project.tasks.get('T-1')?.claim?.state]).toEqual([5, 'tentative'])
      expect(world.calls.some(([name]) => name === 'run')).toBe(false)
    }
    expect((await offline(['start', 'T-1', '--wait', '5s'])).exit).toBe(5)
  })
})

/** A program behind `--`: it runs while its tasks are held. Time is turned by hand. */
import { describe, expect, it } from 'vitest'
import { runProgram } from '../../../adapters/cli/program.ts'
import { relayPlace } from '../../../bin/relay-place.ts'
import { TaskError, type ClaimView, type ProjectId } from '../../../src/internal.ts'
import { taskOf } from './fake-project.ts'
import { FakeWorld, type FakeOptions } from './fake-world.ts'
import { tide } from './run.ts'

const tasks = [taskOf('T-1'), taskOf('T-2')]
const MINUTE = 60_000
const other: ClaimView = {
  by: 'tom',
  type: 'human',
  token: 99,
  expiresAt: '2026-01-02T09:00:00.000Z',
  state: 'granted',
  scope: 'relay',
}

interface Running {
  readonly world: FakeWorld
  /** The program ends; answers with the exit code of the command. */
  readonly end: (code?: number) => Promise<number>
}

/** The command, as it stands while its program runs. */
async function running(args: readonly string[], options: FakeOptions = {}): Promise<Running> {
  const world = new FakeWorld(args, { tasks, ...options })
  let endProgram: ((code: number) => void) | undefined
  let begin: (() => void) | undefined
  const begun = new Promise<void>((resolve) => (begin = resolve))
  world.running = () => {
    begin?.()
    return new Promise((resolve) => (endProgram = resolve))
  }
  const exit = runProgram(world)
  await Promise.race([begun, exit])
  if (endProgram === undefined) throw new Error(`nothing ran: ${world.out}${world.err}`)
  return {
    world,
    end: (code = 0) => {
      endProgram?.(code)
      return exit
    },
  }
}

const named = ({ calls }: FakeWorld, name: string): readonly unknown[] =>
  calls.filter(([call]) => call === name).map(([, details]) => details)

describe('a program behind --', () => {
  it('[C70] gets its arguments as they stand, and its exit code is the answer', async () => {
    const { world, end } = await running(['claim', 'T-1', '--', 'make', '--json', '-j', '--', '$HOME *'])
    expect(named(world, 'program')).toEqual(['make'])
    expect(named(world, 'run')).toEqual([['--json', '-j', '--', '$HOME *']])
    expect(await end(143)).toBe(143)
    expect([world.out, world.err]).toEqual(['', ''])
  })

  it('[C70] a program that is not there changes nothing, and a refused claim runs nothing', async () => {
    for (const command of ['claim', 'start']) {
      const missing = await tide([command, 'T-1', '--', 'no-such-program'], { tasks })
      expect([missing.exit, missing.opened, missing.project.past]).toEqual([3, 0, []])
      const held = await tide([command, 'T-1', '--json', '--', 'make'], { tasks: [taskOf('T-1', { claim: other })] })
      expect([held.exit, JSON.parse(held.out)]).toMatchObject([4, { error: { code: 'CLAIM_HELD' } }])
      expect(named(held, 'run')).toEqual([])
    }
  })

  it('[C71] finds its task, its token and who it is in the environment', async () => {
    const env = { PATH: '/bin', TIDEMARK_TOKEN: 'relay', TIDEMARK_ACTOR: 'agent-7' }
    const { programEnv } = await tide(['claim', 'T-1', '--', 'make'], { tasks, env })
    expect(programEnv).toEqual({
      PATH: '/bin',
      TIDEMARK_TASK: 'T-1',
      TIDEMARK_TOKEN: '7',
      TIDEMARK_TOKENS: undefined,
      TIDEMARK_ACTOR: 'agent-7',
      TIDEMARK_TYPE: 'agent',
      TIDEMARK_RELAY_TOKEN: 'relay',
    })
    const several = await tide(['start', 'T-1', 'T-2', '--type', 'human', '--', 'make'], { tasks, env })
    expect(several.programEnv).toMatchObject({
      TIDEMARK_TASK: 'T-1 T-2',
      TIDEMARK_TOKEN: undefined,
      TIDEMARK_TOKENS: 'T-1=7 T-2=8',
      TIDEMARK_TYPE: 'human',
    })
    const within = { TIDEMARK_TASK: 'T-8', TIDEMARK_TOKEN: '5', TIDEMARK_RELAY_TOKEN: 'mine' }
    const nested = await tide(['claim', 'T-1', '--', 'make'], { tasks, env: within })
    expect(nested.programEnv).toMatchObject({ TIDEMARK_TOKEN: '7', TIDEMARK_RELAY_TOKEN: 'mine' })
  })

  it('[C71] beside a task the token is not what opens the relay', () => {
    const tokenIn = (env: Readonly<Record<string, string>>): string | undefined =>
      relayPlace({ relay: 'wss://relay.example:5173', project: 'project-1' as ProjectId }, { HOME: '/nowhere', ...env })
        ?.token
    expect(tokenIn({ TIDEMARK_TOKEN: 'relay' })).toBe('relay')
    expect(tokenIn({ TIDEMARK_TASK: 'T-1', TIDEMARK_TOKEN: '7' })).toBeUndefined()
    expect(tokenIn({ TIDEMARK_TASK: 'T-1', TIDEMARK_TOKEN: '7', TIDEMARK_RELAY_TOKEN: 'relay' })).toBe('relay')
  })

  it('[C71] there is no token while the claim is tentative', async () => {
    const world = new FakeWorld(['claim', 'T-1', '--', 'make'], { tasks, env: { TIDEMARK_TOKEN: 'relay' } })
    world.project.claims.relayIsAway = true
    expect(await runProgram(world)).toBe(0)
    expect(world.programEnv).toMatchObject({ TIDEMARK_TASK: 'T-1', TIDEMARK_TOKEN: undefined })
    expect(world.err).toContain('T-1 is claimed tentatively')
  })

  it('[C72] the lease is renewed every third of it, under its token; the workspace is open only then', async () => {
    const { world, end } = await running(['start', 'T-1', '--for', '30m', '--as', 'agent-7', '--', 'make'])
    expect([world.opened, world.closed]).toEqual([1, 1])
    await world.tick(10 * MINUTE - 1)
    expect(named(world, 'tasks.renew')).toEqual([])
    await world.tick(1)
    const asked = { keys: ['uidT-1'], by: 'agent-7', type: 'agent', leaseMs: 30 * MINUTE, token: 7 }
    expect(named(world, 'tasks.renew')).toEqual([asked])
    expect([world.opened, world.closed]).toEqual([2, 2])
    await world.tick(60 * MINUTE)
    expect(named(world, 'tasks.renew')).toHaveLength(7)
    expect(await end()).toBe(0)
  })

  it('[C72] without --for it is ten minutes', async () => {
    const { world, end } = await running(['claim', '--next', '--', 'make'])
    await world.tick(20 * MINUTE)
    expect(named(world, 'tasks.renew')).toHaveLength(2)
    await end()
  })

  it('[C72] a machine that slept asks as soon as it is awake, and a clock set back delays nothing', async () => {
    const { world, end } = await running(['claim', 'T-1', '--', 'make'])
    world.asleepMs = 60 * MINUTE
    await world.tick(10_000)
    expect(named(world, 'tasks.renew')).toHaveLength(1)
    world.asleepMs = -24 * 60 * MINUTE
    await world.tick(10 * MINUTE)
    expect(named(world, 'tasks.renew')).toHaveLength(2)
    await end()
  })

  it('[C73] a claim that is lost is told at once; the program and the other claims go on', async () => {
    const { world, end } = await running(['claim', 'T-1', 'T-2', '--', 'make'])
    world.project.tasks.set('T-1', taskOf('T-1', { claim: other }))
    await world.tick(10 * MINUTE)
    expect(world.err).toBe('tide: the claim on T-1 is over: human:tom holds it until 2026-01-02 09:00:00Z\n')
    await world.tick(10 * MINUTE)
    expect(named(world, 'tasks.renew').slice(2)).toMatchObject([{ keys: ['uidT-2'] }])
    expect(await end(0)).toBe(0)
    expect(named(world, 'tasks.release')).toMatchObject([{ keys: ['uidT-2'] }])
    expect(world.project.tasks.get('T-1')?.claim).toEqual(other)
  })

  it('[C73] a task that is gone is told as lost, and not asked for again', async () => {
    const { world, end } = await running(['claim', 'T-1', '--', 'make'])
    world.project.tasks.delete('T-1')
    await world.tick(60 * MINUTE)
    expect(world.err).toBe('tide: the claim on T-1 is over: there is no task uidT-1\n')
    expect(named(world, 'tasks.renew')).toHaveLength(1)
    expect(await end()).toBe(0)
  })

  it('[C74] what cannot be asked is told once and tried again sooner, until it works', async () => {
    const { world, end } = await running(['claim', 'T-1', '--', 'make'])
    const renew = world.project.handlers['tasks.renew']
    world.project.handlers['tasks.renew'] = () => {
      throw new TaskError('RELAY_UNREACHABLE', { url: 'ws://relay', reason: 'no route' })
    }
    await world.tick(13 * MINUTE)
    expect(named(world, 'tasks.renew')).toHaveLength(4)
    expect(world.err).toBe(
      'tide: not renewed: T-1 (until 2026-01-02 03:34:05Z): the relay at ws://relay cannot be reached: no route\n',
    )
    world.project.handlers['tasks.renew'] = renew
    await world.tick(11 * MINUTE)
    expect(named(world, 'tasks.renew')).toHaveLength(6)
    expect([await end(), world.opened]).toEqual([0, world.closed])
  })

  it('[C75] at its end what is still held is released, and only that', async () => {
    const { world, end } = await running(['claim', 'T-1', 'T-2', '--', 'make'])
    world.project.tasks.set('T-2', taskOf('T-2', { claim: other }))
    expect(await end(3)).toBe(3)
    expect(named(world, 'tasks.release')).toMatchObject([
      { keys: ['uidT-1'], token: 7 },
      { keys: ['uidT-2'], token: 8 },
    ])
    expect([world.project.tasks.get('T-1')?.claim, world.project.tasks.get('T-2')?.claim]).toEqual([null, other])
    expect(world.err).toContain('the claim on T-2 is over: human:tom holds it')
    await world.tick(60 * MINUTE)
    expect(named(world, 'tasks.renew')).toEqual([])
  })

  it('[C75] what cannot be released is told, and the exit code stays that of the program', async () => {
    const { world, end } = await running(['claim', 'T-1', '--', 'make'])
    world.project.handlers['tasks.release'] = () => {
      throw new TaskError('RELAY_UNREACHABLE', { url: 'ws://relay', reason: 'no route' })
    }
    expect(await end(2)).toBe(2)
    expect(world.err).toContain('tide: not released: T-1 (until 2026-01-02 03:34:05Z): the relay at ws://relay')
  })

  it('[C75] a program that could not be started leaves nothing held', async () => {
    const world = new FakeWorld(['claim', 'T-1', '--', 'make'], { tasks })
    world.running = () => Promise.reject(new TaskError('FILE_UNREADABLE', { path: 'make', reason: 'E2BIG' }))
    expect(await runProgram(world)).toBe(1)
    expect(world.project.tasks.get('T-1')?.claim).toBeNull()
  })
})

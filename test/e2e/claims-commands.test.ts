/**
 * The commands of claims as processes, where time and absence matter: waits, leases that run out, programs that hold a task,
 * tokens that are old, worktrees that claimed the same without a relay.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openClaimsPlace, refusalIn, type Asked, type ClaimsPlace } from './claims-place.ts'
import { until } from './relay-place.ts'
import { builtCommand, words } from './support.ts'

/** As a process that goes on while others are asked. */
function begin({ place }: ClaimsPlace, dir: string, args: readonly string[]): Running {
  const child = spawn(process.execPath, [builtCommand, ...args], {
    cwd: dir,
    env: { ...place.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [out, err]: [Buffer[], Buffer[]] = [[], []]
  child.stdout.on('data', (part: Buffer) => out.push(part))
  child.stderr.on('data', (part: Buffer) => err.push(part))
  const ended = once(child, 'close').then(([exit]) => exit as number | null)
  return {
    kill: (signal) => void child.kill(signal),
    ended,
    out: () => Buffer.concat(out).toString(),
    err: () => Buffer.concat(err).toString(),
  }
}

interface Running {
  readonly kill: (signal: NodeJS.Signals) => void
  readonly ended: Promise<number | null>
  readonly out: () => string
  readonly err: () => string
}

const shell = (text: string): readonly string[] => ['--', 'sh', '-c', text]
const tokenOf = ({ granted }: Asked): string => String(granted[0]?.token)

describe.concurrent('claims by command', { timeout: 120_000 }, () => {
  it('[C86] a wait ends with 6 or with the task, what is not there with 3, a look with 0 or 4', async () => {
    await using claims = await openClaimsPlace({ tasks: 2 })
    const [here, there] = claims.dirs
    await claims.must(here, ['claim', 'T-1', '--as', 'agent-1'])
    const late = await claims.ask(there, ['claim', 'T-1', '--as', 'agent-2', '--wait', '1s'])
    expect(late.exit, `${words(late)}`).toBe(6)
    expect(late.ms).toBeGreaterThan(1_000)
    expect(refusalIn(late)).toMatchObject({
      code: 'CLAIM_TIMEOUT',
      message: 'Lock timeout after 1s: T-1 is held by agent:agent-1',
      heldBy: { by: 'agent-1' },
      failed: [{ key: 'T-1', code: 'CLAIM_TIMEOUT' }],
    })
    const waiting = begin(claims, there, ['claim', 'T-1', '--as', 'agent-2', '--wait', '30s'])
    await new Promise((resolve) => setTimeout(resolve, 500))
    await claims.must(here, ['release', 'T-1', '--as', 'agent-1'])
    expect(await waiting.ended, `${waiting.err()}`).toBe(0)
    expect(waiting.out()).toMatch(/^T-1\tagent:agent-2\t/)

    const missing = await claims.ask(here, ['claim', 'T-1', 'T-9'])
    expect(missing.exit).toBe(3)
    expect(refusalIn(missing)).toMatchObject({ code: 'TASK_NOT_FOUND', message: expect.stringMatching(/no task T-9/) })

    expect((await claims.ask(here, ['claim', 'T-1', '--check', '--as', 'agent-1'])).exit).toBe(4)
    expect((await claims.ask(there, ['claim', 'T-1', '--check', '--as', 'agent-2'])).exit).toBe(0)
    expect((await claims.ask(here, ['claim', 'T-2', '--check', '--as', 'agent-1'])).exit).toBe(0)
    const { answer } = await claims.must(there, ['claims'])
    expect(answer['claims']).toMatchObject([{ key: 'T-1', by: 'agent-2' }])
    expect(await claims.task(here, 'T-2')).toMatchObject({ claim: null, assignees: [] })
  })

  it('[C87] a task is held for as long as a program runs, renewed, and free at once when it ended', async () => {
    await using claims = await openClaimsPlace({ tasks: 1 })
    const [here, there] = claims.dirs
    const [told, go] = [join(claims.place.root, 'told'), join(claims.place.root, 'go')]
    const program = shell(
      `env | grep ^TIDEMARK_ > "${told}.part"; mv "${told}.part" "${told}"; until [ -e "${go}" ]; do sleep 0.05; done; exit 7`,
    )
    const holding = begin(claims, here, ['claim', 'T-1', '--as', 'agent-1', '--for', '3s', ...program])
    const environment = await saidIn(told)
    const before = await claims.must(there, ['claims'])
    // Twice as long as the lease.
    const end = Date.now() + 6_000
    while (Date.now() < end) {
      const refused = await claims.ask(there, ['claim', 'T-1', '--as', 'agent-2'])
      expect(refused.exit, `${words(refused)}${holding.err()}`).toBe(4)
    }
    const after = await claims.must(there, ['claims'])
    const [first, last] = [before, after].map(({ answer }) => (answer['claims'] as Asked['granted'])[0])
    expect(environment).toMatchObject({
      TIDEMARK_TASK: 'T-1',
      TIDEMARK_TOKEN: String(first?.token),
      TIDEMARK_ACTOR: 'agent-1',
      TIDEMARK_TYPE: 'agent',
    })
    expect(last?.token).toBe(first?.token)
    writeFileSync(go, '')
    expect(await holding.ended, `${holding.err()}`).toBe(7)
    await claims.must(there, ['claim', 'T-1', '--as', 'agent-2'])
  })

  it.each([
    ['itself', 'kill -TERM $$', undefined, 143],
    ['itself, at once', 'kill -KILL $$', undefined, 137],
    ['a signal to the command', 'exec sleep 60', 'SIGTERM', 143],
    ['an interrupt of the command', 'exec sleep 60', 'SIGINT', 130],
  ] as const)(
    '[C87] a program that is ended by %s leaves its exit code and no claim',
    async (_, words, signal, exit) => {
      await using claims = await openClaimsPlace()
      const [here, there] = claims.dirs
      const told = join(claims.place.root, 'told')
      const program = shell(`env > "${told}.part"; mv "${told}.part" "${told}"; ${words}`)
      const holding = begin(claims, here, ['start', 'T-1', '--as', 'agent-1', ...program])
      await saidIn(told)
      if (signal !== undefined) holding.kill(signal)
      expect(await holding.ended, `${holding.err()}`).toBe(exit)
      await claims.must(there, ['claim', 'T-1', '--as', 'agent-2'])
      await claims.sync(there)
      expect(await claims.task(there, 'T-1')).toMatchObject({ status: 'doing', claim: { by: 'agent-2' } })
    },
  )

  it('[C88] a token is refused once somebody else was granted the task, and nothing is written', async () => {
    await using claims = await openClaimsPlace()
    const [here, there] = claims.dirs
    const slow = await claims.must(here, ['claim', 'T-1', '--as', 'agent-1', '--for', '1s'])
    // Its lease runs out while the other waits.
    const next = await claims.must(there, ['claim', 'T-1', '--as', 'agent-2', '--wait', '20s'])
    expect(next.granted[0]?.token).toBeGreaterThan(slow.granted[0]?.token ?? Infinity)
    for (const [dir, verb] of [
      [here, ['done', 'T-1']],
      [there, ['done', 'T-1']],
      [here, ['drop', 'T-1']],
      [here, ['set', 'T-1', 'title=too late']],
    ] as const) {
      const stale = await claims.ask(dir, [...verb, '--as', 'agent-1', '--token', tokenOf(slow)])
      expect(stale.exit, `${words(stale)}`).toBe(4)
      expect(refusalIn(stale)).toMatchObject({
        code: 'TOKEN_STALE',
        message: expect.stringMatching(/^token \d+ of T-1 is no longer valid: .*agent-2/),
      })
    }
    await claims.sync(here, there)
    for (const dir of [here, there])
      expect(await claims.task(dir, 'T-1')).toMatchObject({ status: 'todo', title: 'task 1', claim: { by: 'agent-2' } })
    await claims.must(there, ['done', 'T-1', '--as', 'agent-2', '--token', tokenOf(next)])
    await claims.sync(here)
    expect(await claims.task(here, 'T-1')).toMatchObject({ status: 'done', claim: null })
  })

  it('[C88] a write under a token that nobody can confirm waits, and is listed and never shown when it was too late', async () => {
    await using claims = await openClaimsPlace()
    const [here, there] = claims.dirs
    const slow = await claims.must(here, ['claim', 'T-1', '--as', 'agent-1', '--for', '1s'])
    await claims.must(there, ['claim', 'T-1', '--as', 'agent-2', '--wait', '20s'])
    await claims.stopRelay()
    const waits = await claims.ask(here, ['set', 'T-1', 'title=too late', '--token', tokenOf(slow), '--as', 'agent-1'])
    expect(waits.exit, `${words(waits)}`).toBe(5)
    expect((await claims.task(here, 'T-1')).title).toBe('task 1')
    await claims.startRelay()
    await claims.sync(here, there)
    for (const dir of [here, there]) {
      const task = await claims.task(dir, 'T-1')
      expect(task, `${dir}`).toMatchObject({ title: 'task 1', conflicts: ['title'] })
      expect(JSON.stringify((await claims.must(dir, ['conflicts'])).answer)).toContain('too late')
    }
  })

  it('[C89] two worktrees that claimed a task without the relay meet: one has it, the other is told, and nothing is lost', async () => {
    await using claims = await openClaimsPlace({ tasks: 2 })
    const [here, there] = claims.dirs
    await claims.stopRelay()
    for (const [dir, name] of [
      [here, 'agent-1'],
      [there, 'agent-2'],
    ] as const) {
      const ran = await claims.tide(dir, ['claim', 'T-1', '--as', name])
      expect(ran.exit, `${words(ran)}`).toBe(0)
      expect(ran.err).toMatch(/T-1 is claimed tentatively/)
      expect(ran.out).toMatch(new RegExp(`^T-1\tagent:${name}\t[^\t]*\t\ttentative\trelay\n$`))
      expect(await claims.task(dir, 'T-1')).toMatchObject({
        assignees: [],
        claim: { by: name, state: 'tentative', token: 0 },
      })
      // In the worktree there is no other, whoever asks.
      expect((await claims.ask(dir, ['claim', 'T-1', '--as', 'agent-3'])).exit).toBe(4)
      await claims.must(dir, ['comment', 'T-1', `done by ${name}`, '--as', name])
      await claims.must(dir, ['set', 'T-1', `labels+=${name}`, '--as', name])
    }
    // That one waits is not enough to run what needs the claim.
    const waiting = await claims.tide(here, ['claim', 'T-2', '--as', 'agent-1', '--wait', '1s', ...shell('echo ran')])
    expect(waiting.exit, `${words(waiting)}`).toBe(5)
    expect(waiting.out).not.toContain('ran\n')

    await claims.startRelay()
    await claims.sync(here)
    // Who waits for the relay is told how it ended.
    const met = await claims.ask(there, ['sync', '--wait'])
    expect(met.exit, `${words(met)}`).toBe(4)
    expect(met.answer['relay']).toMatchObject({ state: 'synced', saved: true })
    expect(met.answer['problems']).toMatchObject([{ code: 'CLAIM_LOST' }])
    await claims.sync(here)
    for (const dir of [here, there]) {
      const task = await claims.task(dir, 'T-1')
      expect(task).toMatchObject({ assignees: ['agent-1'], claim: { by: 'agent-1', state: 'granted' } })
      expect(task.labels.toSorted()).toEqual(['agent-1', 'agent-2'])
      const { task: detail } = await claims.place.look(['show', 'T-1'], { cwd: dir })
      expect(detail?.comments.map(({ text }) => text).sort()).toEqual(['done by agent-1', 'done by agent-2'])
    }
    const problems = async (dir: string): Promise<unknown> => (await claims.must(dir, ['status'])).answer['problems']
    expect(await problems(here)).toEqual([])
    expect(await problems(there)).toMatchObject([{ code: 'CLAIM_LOST', message: expect.stringMatching(/T-1/) }])
    const { answer } = await claims.must(there, ['claims'])
    expect(answer['lost']).toMatchObject([{ key: 'T-1', by: 'agent-2', heldBy: { by: 'agent-1' } }])
    for (const args of [
      ['renew', 'T-1', '--as', 'agent-2'],
      ['release', 'T-1', '--as', 'agent-2'],
      ['claim', 'T-1', '--as', 'agent-2'],
    ])
      expect((await claims.ask(there, args)).exit).toBe(4)
  })

  it('[C90] without a relay the workspace decides, and says so', async () => {
    await using claims = await openClaimsPlace({ worktrees: 1, tasks: 2, relay: false })
    const [here] = claims.dirs
    const first = await claims.must(here, ['claim', 'T-1', 'T-2', '--as', 'agent-1', '--for', '3s'])
    expect(first.granted).toMatchObject([
      { key: 'T-1', state: 'granted', scope: 'workspace' },
      { key: 'T-2', state: 'granted', scope: 'workspace' },
    ])
    expect((await claims.ask(here, ['claim', 'T-2', '--as', 'agent-2'])).exit).toBe(4)
    const second = await claims.must(here, ['claim', 'T-1', '--as', 'agent-2', '--wait', '20s'])
    expect(second.granted[0]?.token).toBeGreaterThan(first.granted[0]?.token ?? Infinity)
    expect((await claims.ask(here, ['done', 'T-1', '--token', tokenOf(first)])).exit).toBe(4)
    const holding = begin(claims, here, [
      'claim',
      'T-2',
      '--as',
      'agent-3',
      '--for',
      '1s',
      '--wait',
      '20s',
      ...shell('sleep 2.5'),
    ])
    expect(await holding.ended, `${holding.err()}`).toBe(0)
    await claims.must(here, ['done', 'T-1', '--as', 'agent-2', '--token', tokenOf(second)])
    expect((await claims.must(here, ['claims'])).answer['claims']).toEqual([])
  })
})

/** What a program wrote of its environment, once it did. */
async function saidIn(path: string): Promise<Readonly<Record<string, string>>> {
  const lines: string[] = []
  await until(`${path} is there`, () => {
    try {
      lines.push(...readFileSync(path, 'utf8').split('\n'))
      return true
    } catch {
      return false
    }
  })
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]))
}

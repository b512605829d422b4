/** A real program behind `--`: what it finds, which signals reach it, and that its tasks are its own until it ends. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { constants } from 'node:os'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { builtCommand, openPlace, type Place } from './support.ts'
import { soon } from './up-place.ts'

let place: Place
beforeEach(async () => {
  place = openPlace()
  await place.prepare(['init', '--relay', 'none'], ['add', 'Fix login'], ['add', 'Write notes'])
})
afterEach(() => place[Symbol.asyncDispose]())

/** Says that it is there, and lives until it is ended. */
const LIVES = 'setInterval(() => {}, 1000); process.stdout.write("here")'

interface Started {
  readonly ended: Promise<number | null>
  readonly err: () => string
  readonly kill: (signal: NodeJS.Signals) => void
  /** Closes the standard input that the program has. */
  readonly close: () => void
}

/** `tide <args> -- node -e <script>`, as it stands once the program has said something. */
async function startProgram(args: readonly string[], script: string): Promise<Started> {
  const words = [builtCommand, ...args, '--', process.execPath, '-e', script]
  const child = spawn(process.execPath, words, { cwd: place.dir, env: place.env, timeout: 40_000 })
  let err = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
  const ended = once(child, 'close').then(([code]) => code as number | null)
  await Promise.race([once(child.stdout, 'data'), ended])
  return {
    ended,
    err: () => err,
    kill: (signal) => void child.kill(signal),
    close: () => void child.stdin.end(),
  }
}

interface Held {
  readonly key: string
  readonly by: string
  readonly expiresAt: string
}

async function held(): Promise<readonly Held[]> {
  return (await place.look(['claims']))['claims'] as readonly Held[]
}

describe.skipIf(process.platform === 'win32')('a program that runs while tasks are held', () => {
  it('[C70][C71] has its arguments, the terminal and the exit code to itself, and knows what it works on', async () => {
    const script = 'process.stdout.write(JSON.stringify([process.argv.slice(1), process.env])); process.exitCode = 42'
    const ran = await place.tide([
      'claim',
      'T-1',
      '--as',
      'agent-1',
      '--',
      'node',
      '-e',
      script,
      '--',
      '--json',
      '$HOME',
    ])
    expect([ran.exit, ran.err]).toEqual([42, ''])
    const [args, env] = JSON.parse(ran.out) as [readonly string[], Readonly<Record<string, string>>]
    expect(args).toEqual(['--json', '$HOME'])
    expect(env).toMatchObject({ TIDEMARK_TASK: 'T-1', TIDEMARK_ACTOR: 'agent-1', TIDEMARK_TYPE: 'agent' })
    expect(Number(env['TIDEMARK_TOKEN'])).toBeGreaterThan(1_700_000_000_000)
    expect(await held()).toEqual([])
  })

  it('[C70] may use tide itself: what it finishes under its token is done', async () => {
    const done = `"${process.execPath}" "${builtCommand}" done "$TIDEMARK_TASK" --token "$TIDEMARK_TOKEN"`
    const ran = await place.tide(['start', 'T-1', '--', 'sh', '-c', done])
    expect(ran).toMatchObject({ exit: 0, err: '', out: expect.stringMatching(/^T-1\tdone\t/) as unknown })
    expect(await held()).toEqual([])
  })

  it('[C70] one that is not there is told before anything is claimed', async () => {
    for (const name of ['no-such-program', './no-such-program', place.dir]) {
      const ran = await place.tide(['start', 'T-1', '--', name])
      expect([ran.exit, ran.err.split('\n')[0]]).toEqual([3, `tide: there is no file ${name}`])
    }
    expect(await place.must(['history', 'T-1', '--limit', '1'])).toContain('\tcreate\t')
  })

  it('[C72] holds its task for longer than the lease, and keeps nobody out of the workspace', async () => {
    const program = await startProgram(['claim', 'T-1', '--for', '1s', '--as', 'agent-1'], LIVES)
    const [first] = await held()
    await soon(async () => {
      const [now] = await held()
      expect(Date.parse(now?.expiresAt ?? '')).toBeGreaterThan(Date.parse(first?.expiresAt ?? '') + 1_500)
    })
    expect((await place.tide(['claim', 'T-1', '--as', 'agent-2'])).exit).toBe(4)
    await place.must(['add', 'Another'])
    program.kill('SIGTERM')
    expect([await program.ended, program.err(), await held()]).toEqual([143, '', []])
  })

  it('[C73] goes on when a human takes its task, and that is told at once', async () => {
    const script = 'process.stdin.on("end", () => process.exit(5)).resume(); process.stdout.write("here")'
    const program = await startProgram(['claim', 'T-1', '--for', '1s', '--as', 'agent-1'], script)
    await place.must(['claim', 'T-1', '--as', 'sara', '--type', 'human', '--steal', 'it hangs'])
    await soon(() => expect(program.err()).toContain('tide: the claim on T-1 is over: human:sara holds it until'))
    program.close()
    expect(await program.ended).toBe(5)
    expect(await held()).toMatchObject([{ key: 'T-1', by: 'sara' }])
  })

  it('[C73] that was halted for longer than the lease finds somebody else there, and is told when it goes on', async () => {
    const script = 'process.stdin.on("end", () => process.exit(0)).resume(); process.stdout.write("here")'
    const program = await startProgram(['claim', 'T-1', '--for', '1s', '--as', 'agent-1'], script)
    program.kill('SIGSTOP')
    await soon(async () => expect((await place.tide(['claim', 'T-1', '--as', 'agent-2'])).exit).toBe(0))
    program.kill('SIGCONT')
    await soon(() => expect(program.err()).toContain('tide: the claim on T-1 is over: agent:agent-2 holds it until'))
    program.close()
    expect(await program.ended).toBe(0)
    expect(await held()).toMatchObject([{ key: 'T-1', by: 'agent-2' }])
  })

  it.each(['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT'] as const)(
    '[C76] %s goes on to it, and what it held is released',
    async (signal) => {
      const ended = await startProgram(['claim', 'T-1', 'T-2'], LIVES)
      expect(await held()).toHaveLength(2)
      ended.kill(signal)
      expect([await ended.ended, await held()]).toEqual([128 + constants.signals[signal], []])
      const script = `process.on('${signal}', () => process.exit(9)); ${LIVES}`
      const deaf = await startProgram(['start', 'T-1'], script)
      deaf.kill(signal)
      expect([await deaf.ended, await held()]).toEqual([9, []])
    },
  )

  it('[C75] what was killed with the command is free when its lease runs out', async () => {
    const program = await startProgram(
      ['claim', 'T-1', '--for', '2s'],
      'process.stdin.on("end", () => process.exit(0)).resume(); process.stdout.write("here")',
    )
    program.kill('SIGKILL')
    await program.ended
    await soon(async () => expect((await place.tide(['claim', 'T-1', '--as', 'agent-2'])).exit).toBe(0))
  })
})

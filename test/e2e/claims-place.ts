/** Worktrees of one project with a relay of their own beside them, for commands as people and agents run them. */
import { copyFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { TaskView } from '../../src/index.ts'
import { openRelayPlace, type RelayProcess } from './relay-place.ts'
import { document, openPlace, words, type Answer, type Place, type Ran, type RunOptions } from './support.ts'

export interface Asked extends Ran {
  readonly answer: Answer
  /** What it was granted. */
  readonly granted: readonly Granted[]
}

export interface Granted {
  readonly key: string
  readonly uid: string
  readonly by: string
  readonly token: number
  readonly expiresAt: string
  readonly state: string
  readonly scope: string
}

export interface ClaimsPlace extends AsyncDisposable {
  readonly place: Place
  /** The worktrees. */
  readonly dirs: readonly [string, string, ...string[]]
  /** The folder of its store. */
  readonly relayData: string
  /** Begins again on what is on its disk. */
  startRelay(): Promise<void>
  stopRelay(): Promise<void>
  tide(dir: string, args: readonly string[], options?: RunOptions): Promise<Ran>
  /** With `--json`, whatever its exit. */
  ask(dir: string, args: readonly string[], options?: RunOptions): Promise<Asked>
  /** The same, and it ends with 0. */
  must(dir: string, args: readonly string[], options?: RunOptions): Promise<Asked>
  /** Everything of the relay is there, and everything of there at the relay. */
  sync(...dirs: readonly string[]): Promise<void>
  task(dir: string, key: string): Promise<TaskView>
}

export async function openClaimsPlace({
  worktrees = 2,
  tasks = 1,
  relay = true,
}: { readonly worktrees?: number; readonly tasks?: number; readonly relay?: boolean } = {}): Promise<ClaimsPlace> {
  const place = openPlace()
  const relays = await openRelayPlace()
  let running: RelayProcess | undefined = relay ? await relays.start() : undefined
  await place.prepare(['init', '--relay', running?.url ?? 'none'])
  for (let index = 1; index <= tasks; index++) await place.prepare(['add', `task ${index}`])
  if (relay) await place.prepare(['sync', '--wait'])
  const others = Array.from({ length: worktrees - 1 }, (_, index) => join(place.root, `worktree-${index + 2}`))
  for (const dir of others) {
    mkdirSync(dir)
    copyFileSync(join(place.dir, 'tidemark.json'), join(dir, 'tidemark.json'))
    await place.prepare(['sync', '--wait', '--dir', dir])
  }
  const tide: ClaimsPlace['tide'] = (dir, args, options) => place.tide(args, { ...options, cwd: dir })
  const ask: ClaimsPlace['ask'] = async (dir, args, options) => {
    const ran = await tide(dir, [...args, '--json'], options)
    const answer = document(ran.out)
    return { ...ran, answer, granted: (answer['granted'] ?? []) as readonly Granted[] }
  }
  const must: ClaimsPlace['must'] = async (dir, args, options) => {
    const asked = await ask(dir, args, options)
    expect(asked.exit, `${words(asked)}`).toBe(0)
    return asked
  }
  return {
    place,
    relayData: relays.data,
    dirs: [place.dir, others[0] ?? place.dir, ...others.slice(1)],
    startRelay: async () => {
      running = await relays.start()
    },
    stopRelay: async () => {
      await running?.kill('SIGKILL')
      running = undefined
    },
    tide,
    ask,
    must,
    sync: async (...dirs) => {
      for (const dir of dirs) await must(dir, ['sync', '--wait'])
    },
    task: async (dir, key) => {
      const { task } = await place.look(['show', key], { cwd: dir })
      if (task === undefined) throw new Error(`there is no ${key}`)
      return task
    },
    [Symbol.asyncDispose]: async () => {
      await relays[Symbol.asyncDispose]()
      await place[Symbol.asyncDispose]()
    },
  }
}

/** Of a refusal: its code, and what it says of each task that failed. */
export function refusalIn({ answer }: Asked): {
  readonly code: string
  readonly message: string
  readonly failed: readonly { readonly key: string; readonly code: string; readonly existing_assignee: string | null }[]
  readonly heldBy: { readonly by: string; readonly type: string; readonly expiresAt: string } | null | undefined
} {
  const { code = '', message = '', details = {} } = answer.error ?? {}
  const { failed = [], heldBy } = details as Partial<ReturnType<typeof refusalIn>>
  return { code, message, failed, heldBy }
}

/** Places whose processes live on in the background: found by what they left there, ended and looked for before the place goes. */
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, vi } from 'vitest'
import { builtCommand, document, openPlace, repository, words, type Answer, type Place, type Ran } from './support.ts'

export interface UpPlace extends Place {
  /** Of the background process, while one runs. */
  readonly pid: number | undefined
  /** What is known of the relay of this user, as workspaces find it. */
  readonly relay: Relay | undefined
  readonly relayFile: string
  readonly log: string
  /** A workspace beside the first, with the same project where `like` is one. */
  workspace(name: string, options?: { readonly like?: string; readonly settings?: object }): Promise<string>
  /** With `--json`, whatever its exit. */
  ask(args: readonly string[], options?: Parameters<Place['tide']>[1]): Promise<Ran & { readonly answer: Answer }>
  /** Every process of this place, by where it works; empty on systems that do not tell. */
  processes(): readonly number[]
}

export interface Relay {
  readonly url: string
  readonly http: string
  readonly pid: number
  readonly secret: string
}

/** Nobody says when another process has done something: asked again until it has. */
export const soon = <Value>(check: () => Value | Promise<Value>): Promise<Value> =>
  vi.waitFor(check, { timeout: 20_000, interval: 20 })

export function openUpPlace(options: { readonly name?: string } = {}): UpPlace {
  const place = openPlace(options)
  const state = join(place.root, 'state', 'tidemark')
  const [relayFile, pidFile] = [join(state, 'relay.json'), join(place.runtime, 'tidemark-up.pid')]
  const up: UpPlace = {
    ...place,
    relayFile,
    log: join(state, 'logs', 'up.log'),
    get pid() {
      return existsSync(pidFile) ? Number(readFileSync(pidFile, 'utf8')) : undefined
    },
    get relay() {
      return existsSync(relayFile) ? (JSON.parse(readFileSync(relayFile, 'utf8')) as Relay) : undefined
    },
    async workspace(name, { like, settings = {} } = {}) {
      const dir = join(place.root, name)
      mkdirSync(dir)
      if (like === undefined) await place.prepare(['init', '--dir', dir])
      const known = JSON.parse(readFileSync(join(like ?? dir, 'tidemark.json'), 'utf8')) as object
      writeFileSync(join(dir, 'tidemark.json'), `${JSON.stringify({ ...known, ...settings }, null, 2)}\n`)
      return dir
    },
    async ask(args, more) {
      const ran = await place.tide([...args, '--json'], more)
      expect(ran.err, `${words(ran)}`).toBe('')
      return { ...ran, answer: document(ran.out) }
    },
    processes: () => processesBelow(place.root),
    async [Symbol.asyncDispose]() {
      const known = [up.pid, up.relay?.pid, ...processesBelow(place.root)]
      for (const pid of new Set(known)) if (pid !== undefined && pid !== process.pid) await end(pid)
      await soon(() => expect(processesBelow(place.root), 'left behind').toEqual([]))
      await place[Symbol.asyncDispose]()
    },
  }
  // Members that are looked at anew each time, which a copy would have looked at once.
  return up
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch {
    return false
  }
  return !/^\d+ \(.*\) Z/.test(statOf(pid))
}

function statOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8')
  } catch {
    return '' // another system
  }
}

/** In order where it can, for good where it does not. */
async function end(pid: number): Promise<void> {
  if (!isAlive(pid)) return
  process.kill(pid, 'SIGCONT')
  process.kill(pid, 'SIGTERM')
  try {
    await soon(() => expect(isAlive(pid)).toBe(false))
  } catch {
    process.kill(pid, 'SIGKILL')
  }
}

function processesBelow(root: string): readonly number[] {
  if (process.platform !== 'linux') return []
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && isBelow(`/proc/${name}/cwd`, root))
    .map(Number)
    .filter(isAlive)
}

function isBelow(link: string, root: string): boolean {
  try {
    return readlinkSync(link).startsWith(root)
  } catch {
    return false // gone, or someone else's
  }
}

/** The built command as a later version would be: its number is the only difference. */
export function builtAs(version: string, place: Place): string {
  const folder = join(place.root, `dist-${version}`)
  mkdirSync(folder)
  symlinkSync(join(repository, 'node_modules'), join(folder, 'node_modules'))
  const { version: own } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as { version: string }
  for (const name of ['tide.cjs', 'tide-main.cjs', 'tide-background.mjs']) {
    const text = readFileSync(join(builtCommand, '..', name), 'utf8')
    if (name !== 'tide.cjs') expect(text).toContain(JSON.stringify(own))
    writeFileSync(join(folder, name), text.replaceAll(JSON.stringify(own), JSON.stringify(version)))
  }
  return join(folder, 'tide.cjs')
}

/** Every file below, with what it holds. */
export function textsBelow(folder: string): ReadonlyMap<string, string> {
  const texts = new Map<string, string>()
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true }))
    if (entry.isFile()) {
      const path = join(entry.parentPath, entry.name)
      texts.set(path, readFileSync(path, 'latin1'))
    }
  return texts
}

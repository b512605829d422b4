/**
 * Who may do what: tokens per project, kept as digests only. A token is shown once, when it is made.
 *
 *   cell `tokens`     JSON: [{id, project, rights, digest, label, at}]
 */
import { TaskError } from '../errors.ts'
import type { Runtime, Store } from '../ports.ts'
import { isoTime } from '../task/time.ts'
import type { Rights } from './member.ts'

/** Of all projects. */
export const EVERY_PROJECT = '*'
const CELL = 'tokens'
const TOKEN_BYTES = 32
const LONGEST_LABEL = 200
/** In the place of a digest. One such row stays of each project, so that it is not open to everyone again. */
const REVOKED = ''

export interface TokenView {
  readonly id: string
  /** A project's id, or `*` for all. */
  readonly project: string
  readonly rights: Rights
  readonly label: string
  readonly createdAt: string
}

interface Kept {
  readonly id: string
  readonly project: string
  readonly rights: Rights
  readonly label: string
  readonly at: number
  readonly digest: string
}

export interface TokenWorld {
  readonly runtime: Runtime
  readonly store: Store
  /** SHA-256 as hex: tokens are long and random, so that nothing slower is needed. */
  readonly digest: (text: string) => string
  /** Tokens that are valid for all projects with all rights, and kept nowhere. */
  readonly masters?: readonly string[]
  /** One more, for this machine's own programs: that it is there shuts nobody out. */
  readonly house?: string
}

export class Tokens {
  #kept: readonly Kept[]
  #queue: Promise<unknown> = Promise.resolve()
  readonly #masters: readonly Kept[]
  readonly #house: readonly Kept[]
  readonly #world: TokenWorld

  private constructor(world: TokenWorld, kept: readonly Kept[]) {
    this.#world = world
    this.#kept = kept
    const master = (token: string, id: string, label: string): Kept => ({
      id,
      project: EVERY_PROJECT,
      rights: 'admin',
      label,
      at: 0,
      digest: world.digest(token),
    })
    this.#masters = (world.masters ?? []).map((token, index) =>
      master(token, `master-${index + 1}`, 'from the token file'),
    )
    this.#house = world.house === undefined ? [] : [master(world.house, 'house', 'of this machine')]
  }

  static async load(world: TokenWorld): Promise<Tokens> {
    const bytes = await world.store.cell(CELL)
    try {
      return new Tokens(world, bytes === undefined ? [] : (JSON.parse(new TextDecoder().decode(bytes)) as Kept[]))
    } catch (cause) {
      throw new TaskError('STORE_UNREADABLE', { path: CELL, reason: 'the tokens cannot be read' }, { cause })
    }
  }

  list(project?: string): readonly TokenView[] {
    return this.#kept.filter((one) => isLive(one) && (project === undefined || one.project === project)).map(view)
  }

  /** Once a project has a token, nobody comes in without one: not after the last was revoked either. */
  areNeeded(project: string): boolean {
    return this.#masters.length > 0 || this.#kept.some((one) => isFor(one, project))
  }

  /** What a token allows in a project; undefined for a token that is not known, or of another project. */
  rightsOf(token: string, project: string): { readonly id: string; readonly rights: Rights } | undefined {
    const digest = this.#world.digest(token)
    let found: Kept | undefined
    // All are compared, and each to its end: how long it takes says nothing of what is right in it.
    for (const one of [...this.#masters, ...this.#house, ...this.#kept]) if (isSame(one.digest, digest)) found = one
    return found !== undefined && isFor(found, project) ? { id: found.id, rights: found.rights } : undefined
  }

  /** The only time that the token itself is told. */
  create(project: string, rights: Rights, label = ''): Promise<{ readonly token: string } & TokenView> {
    return this.#oneAtATime(() => this.#create(project, rights, label))
  }

  /** False where there is no such token. */
  revoke(id: string, project: string): Promise<boolean> {
    return this.#oneAtATime(() => this.#revoke(id, project))
  }

  async #create(project: string, rights: Rights, label: string): Promise<{ readonly token: string } & TokenView> {
    if (label.length > LONGEST_LABEL)
      throw new TaskError('TOO_LARGE', { field: 'label', size: label.length, limit: LONGEST_LABEL })
    const { runtime, digest } = this.#world
    const token = `tide_${base64url(runtime.random(TOKEN_BYTES))}`
    const id = base64url(runtime.random(6))
    const made: Kept = { id, project, rights, label, at: runtime.now(), digest: digest(token) }
    await this.#keep([...this.#kept, made])
    return { token, ...view(made) }
  }

  async #revoke(id: string, project: string): Promise<boolean> {
    const found = this.#kept.find(
      (one) => isLive(one) && one.id === id && (project === EVERY_PROJECT || one.project === project),
    )
    if (found === undefined) return false
    const left = this.#kept.filter((one) => one !== found && (isLive(one) || one.project !== found.project))
    await this.#keep([...left, { ...found, label: '', digest: REVOKED }])
    return true
  }

  /** Each begins with what the last one left. */
  #oneAtATime<Result>(work: () => Promise<Result>): Promise<Result> {
    const turn = this.#queue.then(work)
    this.#queue = turn.catch(() => undefined)
    return turn
  }

  async #keep(kept: readonly Kept[]): Promise<void> {
    await this.#world.store.commit([{ put: CELL, bytes: new TextEncoder().encode(JSON.stringify(kept)) }])
    this.#kept = kept
  }
}

export function parseRights(value: unknown): Rights {
  if (value === 'read' || value === 'write' || value === 'admin') return value
  throw new TaskError('INVALID_INPUT', {
    field: 'rights',
    problem: 'they are none of read, write, admin',
    fix: 'give one of these',
  })
}

function isLive({ digest }: Kept): boolean {
  return digest !== REVOKED
}

function isFor(one: Kept, project: string): boolean {
  return one.project === EVERY_PROJECT || one.project === project
}

function isSame(a: string, b: string): boolean {
  if (a.length !== b.length) return false
  let differences = 0
  for (let index = 0; index < a.length; index++) differences |= a.charCodeAt(index) ^ b.charCodeAt(index)
  return differences === 0
}

function view({ id, project, rights, label, at }: Kept): TokenView {
  return { id, project, rights, label, createdAt: isoTime(at) }
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

function base64url(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += 3) {
    const [a = 0, b = 0, c = 0] = bytes.subarray(at, at + 3)
    const bits = (a << 16) | (b << 8) | c
    for (let shift = 18; shift >= 0; shift -= 6) text += ALPHABET[(bits >> shift) & 63] ?? ''
  }
  return text.slice(0, Math.ceil((bytes.length * 4) / 3))
}

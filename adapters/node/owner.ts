/** Who has a workspace's store open: waiting for it within a bound, saying who it is, finding where it listens. */
import { existsSync } from 'node:fs'
import { TaskError, type Connection, type Runtime } from '../../src/internal.ts'
import { holderOf, readOwner, readOwnerText } from './owner-file.ts'

export interface AcquireOptions {
  /** How long to wait while nothing changes. @default 5 s */
  readonly boundMs?: number
  /** How long to wait at most, whatever the holder reports. @default 30 s */
  readonly limitMs?: number
  /**
   * Text that changes when the store changes hands or its holder gets on, beside the owner file.
   * A store's own files say it for nothing: LevelDB writes `CURRENT` anew at every open.
   */
  readonly progress?: () => string
  readonly signal?: AbortSignal
}

export interface FindOptions {
  /** Who is named when it takes no connection; asked only then. @default 'another process' */
  readonly holder?: () => string
  readonly signal?: AbortSignal
}

/** Tries come this far apart, by chance, so that waiting commands do not march in step. */
const WAIT_MIN_MS = 3
const WAIT_MAX_MS = 15

/**
 * What `open` gives, as soon as it does not throw STORE_LOCKED; the store's own lock decides who is next, nothing here does.
 * `open` is asked again and again: it may also try the owner's socket, for an owner that is just starting. Without contention
 * nothing but `open` runs. Rejects with STORE_LOCKED that names the holder, or with what else `open` threw.
 */
export async function acquire<T>(
  open: () => Promise<T>,
  dir: string,
  runtime: Runtime,
  { boundMs = 5_000, limitMs = 30_000, progress = () => '', signal }: AcquireOptions = {},
): Promise<T> {
  const began = runtime.now()
  let moved = began
  let sign: string | undefined
  for (;;) {
    signal?.throwIfAborted()
    try {
      return await open()
    } catch (cause) {
      if (!(cause instanceof TaskError && cause.code === 'STORE_LOCKED')) throw cause
      const now = runtime.now()
      const seen = `${readOwnerText(dir) ?? ''}\0${progress()}`
      if (seen !== sign) moved = now
      sign = seen
      if (now - moved >= boundMs || now - began >= limitMs) {
        // Where nobody left a name the lock may still know something: that it is this very process.
        const known = readOwner(dir) === undefined ? cause.details['holder'] : undefined
        const holder = known ?? holderOf(dir)
        const details = { ...cause.details, holder, waitedMs: now - began }
        throw new TaskError('STORE_LOCKED', details, { cause })
      }
      await runtime.sleep(waitMs(runtime), signal === undefined ? {} : { signal })
    }
  }
}

/** A connection to whoever listens there; undefined when nobody does. OWNER_UNREACHABLE when somebody does who takes none. */
export async function findOwner(
  socketPath: string,
  runtime: Runtime,
  { holder = () => 'another process', signal }: FindOptions = {},
): Promise<Connection | undefined> {
  // Most commands find no socket: they load no network code.
  if (!socketPath.startsWith('\\\\') && !existsSync(socketPath)) return undefined
  const { socketTransport } = await import('./socket.ts')
  try {
    return await socketTransport(socketPath, runtime).connect(signal === undefined ? {} : { signal })
  } catch (cause) {
    if (!(cause instanceof TaskError) || cause.code !== 'CONNECTION_CLOSED') throw cause
    if (cause.details['listening'] === false) return undefined
    throw new TaskError('OWNER_UNREACHABLE', { holder: holder(), executed: 'no', socketPath }, { cause })
  }
}

function waitMs(runtime: Runtime): number {
  const [byte = 0] = runtime.random(1)
  return WAIT_MIN_MS + (byte / 255) * (WAIT_MAX_MS - WAIT_MIN_MS)
}

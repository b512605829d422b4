/** A process with a store of its own, to be refused, limited or killed: `mode path [seed]`. Prints what happened, a line each. */
import { writeSync } from 'node:fs'
import { TaskError } from '../../src/internal.ts'
import { storeFingerprint } from '../../adapters/leveldb/fingerprint.ts'
import { openLevelStore } from '../../adapters/leveldb/store.ts'

const [, , mode = '', path = '', seed = '0'] = process.argv

/** At once and whole: what was said before a kill was said. */
function say(line: string): void {
  for (let left = Buffer.from(`${line}\n`); left.length > 0;) {
    try {
      left = left.subarray(writeSync(1, left))
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) throw error
    }
  }
}

const codeOf = (error: unknown): string => (error instanceof TaskError ? error.code : String(error))
const row = (log: string, text: string) => ({ append: log, bytes: Buffer.from(text) })

async function lock(): Promise<void> {
  try {
    await (await openLevelStore(path))[Symbol.asyncDispose]()
    say('opened')
  } catch (error) {
    say(codeOf(error))
  }
}

async function hold(): Promise<void> {
  await openLevelStore(path)
  say('held')
  setInterval(() => undefined, 60_000)
}

/** Runs under a limit of file sizes, which fails writes as a full disk does. */
async function fill(): Promise<void> {
  process.on('SIGXFSZ', () => undefined)
  const store = await openLevelStore(path)
  let settled = 0
  try {
    for (;;) {
      await store.commit([{ append: 'a', bytes: Buffer.alloc(5000, settled) }])
      settled++
    }
  } catch (error) {
    say(`settled ${settled}`)
    say(`failed ${codeOf(error)}`)
  }
  await store.commit([row('a', 'x')]).catch((error: unknown) => say(`then ${codeOf(error)}`))
  say(`read ${(await store.read('a')).length}`)
  await store[Symbol.asyncDispose]()
}

/**
 * Writes until it is killed: every commit goes to two logs, one of which is compacted all the time.
 * `cheat` says that a commit is stored before it is.
 */
async function write(cheat: boolean): Promise<void> {
  const store = await openLevelStore(path)
  const width = [1, 7, 100][Number(seed) % 3] ?? 1
  let count = 0
  const writer = async (): Promise<void> => {
    for (;;) {
      const text = `${seed}.${count++}`
      if (cheat) {
        say(text)
        // Early enough that a kill falls between on any machine: the checker is what is on trial.
        await new Promise((resolve) => setTimeout(resolve, 3))
      }
      await store.commit([row('plain', text), row('packed', ` ${text}`), { put: 'last', bytes: Buffer.from(text) }])
      if (!cheat) say(text)
    }
  }
  const compactor = async (): Promise<void> => {
    for (;;) {
      const rows = await store.read('packed')
      const snapshot = Buffer.concat(rows.map(({ bytes }) => bytes))
      await store.commit([{ compact: 'packed', through: rows.at(-1)?.seq ?? 0, snapshot }])
    }
  }
  /** Enough that LevelDB writes and merges tables all the time. */
  const filler = async (): Promise<void> => {
    for (let index = 0; ; index++) await store.commit([{ put: 'filler', bytes: Buffer.alloc(200_000, index) }])
  }
  const others = Number(seed) % 2 === 0 ? [compactor()] : [compactor(), filler()]
  await Promise.all([...Array.from({ length: width }, writer), ...others])
}

const modes: Readonly<Record<string, () => Promise<void>>> = {
  lock,
  hold,
  fill,
  fingerprint: async () => say(storeFingerprint(path)),
  write: () => write(false),
  cheat: () => write(true),
}

void modes[mode]?.()

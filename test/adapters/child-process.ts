/** Programs in processes of their own, for tests that kill and stop them. */
import { spawn } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { build } from 'esbuild'

const root = resolve(import.meta.dirname, '../..')

/** Node 20 runs no TypeScript: one file of plain JavaScript, packages with native parts left outside. */
export async function bundle(entry: string): Promise<{ readonly path: string } & AsyncDisposable> {
  const folder = mkdtempSync(join(tmpdir(), 'tide-child-'))
  const path = join(folder, 'child.cjs')
  await build({
    entryPoints: [join(root, entry)],
    outfile: path,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    external: ['classic-level'],
    logLevel: 'error',
  })
  return { path, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) }
}

export interface Child {
  readonly pid: number
  /** The next line it prints; rejects when it ends before. */
  line(): Promise<string>
  kill(signal: NodeJS.Signals): void
  /** Closes its standard input: the sign to leave. */
  leave(): void
  readonly ended: Promise<number | null>
}

export function start(program: string, args: readonly string[]): Child {
  const child = spawn(process.execPath, [program, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { PATH: process.env['PATH'], NODE_PATH: join(root, 'node_modules') },
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const ended = new Promise<number | null>((resolve) => void child.once('close', resolve))
  child.stdin.on('error', () => undefined)
  return {
    pid: child.pid ?? 0,
    line: async () => {
      const { value, done } = await lines.next()
      if (done === true) throw new Error('the child ended without a word')
      return value
    },
    kill: (signal) => void child.kill(signal),
    leave: () => child.stdin.end(),
    ended,
  }
}

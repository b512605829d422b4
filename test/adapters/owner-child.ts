/** A process that owns a workspace, or waits to: `hold` until its input ends, or `count` commands one after another. */
import { announce } from '../../adapters/node/owner-file.ts'
import { acquire } from '../../adapters/node/owner.ts'
import { nodeRuntime } from '../../adapters/node/runtime.ts'
import { socketTransport } from '../../adapters/node/socket.ts'
import { serveCalls } from '../../src/api/serve-calls.ts'
import { openStore, progressOf } from './owner-store.ts'

const runtime = nodeRuntime()
const say = (line: string): void => void process.stdout.write(`${line}\n`)

async function hold(dir: string, socket: string, command: string): Promise<void> {
  const store = await acquire(() => openStore(dir), dir, runtime)
  const announcement = announce(dir, { version: '9.8.7', command, socket }, runtime)
  const hello = { workspace: dir, project: 'p-one', version: '9.8.7' }
  const listening = await socketTransport(socket, runtime).listen((connection) => {
    serveCalls(
      connection,
      { call: async (method, params) => JSON.parse(JSON.stringify({ method, params, pid: process.pid })) },
      hello,
      runtime,
    )
  })
  say('holding')
  await new Promise((resolve) => process.stdin.once('end', resolve).resume())
  await listening[Symbol.asyncDispose]()
  await announcement[Symbol.asyncDispose]()
  await store.close()
  say('left')
  process.exit(0)
}

/** Adds one to a number, `times` times, each time as a short command would: open, read, write, close. */
async function count(dir: string, times: number): Promise<void> {
  for (let time = 0; time < times; time++) {
    const store = await acquire(() => openStore(dir), dir, runtime, { progress: () => progressOf(dir) })
    const before = Number(await store.get('count').catch(() => '0'))
    await store.put('count', String(before + 1))
    await store.close()
  }
  say('counted')
}

const [, , verb = '', dir = '', third = '', fourth = ''] = process.argv
const running = verb === 'hold' ? hold(dir, third, fourth) : count(dir, Number(third))
running.catch((error: unknown) => {
  say(JSON.stringify(error))
  process.exit(1)
})

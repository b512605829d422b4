/**
 * `kill -9` of the relay, of its clients and of workspaces, while they write: nothing that was acknowledged is lost.
 * A kill ends a process, not the machine: that what is acknowledged was synced is proven where the store is
 * (test/adapters/leveldb-crash.test.ts). Longer: RELAY_ROUNDS=100.
 */
import { copyFileSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as Y from 'yjs'
import { buildProgram, changing, startProgram, type Program } from './program.ts'
import { RelayClient } from './relay-client.ts'
import { bundleProgram, dice, openRelayPlace, until, within, type RelayPlace } from './relay-place.ts'
import { openPlace } from './support.ts'

const ROUNDS = Number(process.env['RELAY_ROUNDS'] ?? 20)
const SEED = Number(process.env['FUZZ_SEED'] ?? Date.now() % 1_000_000_000)
/** As long as it may take beside other tests. */
const TIMEOUT_MS = Math.max(60_000, ROUNDS * 3_000)
const PROJECT = 'k3v9x0c2m4n6p8q1'

type Built = Awaited<ReturnType<typeof bundleProgram>>
let writer: Built
let embedding: Awaited<ReturnType<typeof buildProgram>>
beforeAll(async () => {
  ;[writer, embedding] = await Promise.all([bundleProgram('test/e2e/relay-writer-child.ts'), buildProgram()])
})
afterAll(async () => {
  await writer[Symbol.asyncDispose]()
  await embedding[Symbol.asyncDispose]()
})

interface Writing {
  readonly acknowledged: Set<string>
  readonly die: (below: number) => number
}

/** Until the connection ends; several writes are under way at a time, some large enough that logs are compacted. */
async function writeOn(
  client: RelayClient,
  name: string,
  { acknowledged, die }: Writing,
  tell: () => void,
): Promise<void> {
  let turn = 0
  const one = async (): Promise<void> => {
    while (!client.isOver) {
      const key = `${name}-${turn++}`
      if (!(await client.write(key, `${key} ${'x'.repeat(die(3_000))}`))) continue
      acknowledged.add(key)
      tell()
    }
  }
  await Promise.all([one(), one(), one()])
}

/** What was acknowledged and is not there. Nobody who could bring it back may be connected. */
function lost(acknowledged: ReadonlySet<string>, doc: Y.Doc): readonly string[] {
  const values = doc.getMap('values')
  return [...acknowledged].filter((key) => !String(values.get(key)).startsWith(`${key} `))
}

interface Outcome {
  readonly lost: readonly string[]
  readonly acknowledged: number
  readonly afterAcknowledgement: number
}

/** Five clients write, two of which forget everything with each connection; the relay is killed, and a newcomer looks. */
async function killRelay(
  place: RelayPlace,
  rounds: number,
  program: { readonly program?: string } = {},
): Promise<Outcome> {
  const writing: Writing = { acknowledged: new Set(), die: dice(SEED) }
  const kept = [new Y.Doc(), new Y.Doc(), new Y.Doc()]
  const losses = new Set<string>()
  let afterAcknowledgement = 0
  const look = async (url: string): Promise<RelayClient> => {
    const newcomer = await within('a newcomer has everything', RelayClient.join(url))
    for (const key of lost(writing.acknowledged, newcomer.doc)) losses.add(key)
    return newcomer
  }
  for (let round = 0; round < rounds; round++) {
    const relay = await place.start(program)
    const url = `${relay.url}/sync/${PROJECT}`
    await (await look(url)).leave()
    const clients = await Promise.all([...kept, new Y.Doc(), new Y.Doc()].map((doc) => RelayClient.join(url, { doc })))
    // Half of the kills come with an acknowledgement, as fast as a process can be killed; the others at any moment.
    const isPrompt = round % 2 === 0
    let left = 5 + writing.die(60)
    const tell = (): void => {
      if (isPrompt && --left === 0) {
        afterAcknowledgement++
        void relay.kill('SIGKILL')
      }
    }
    if (!isPrompt) setTimeout(() => void relay.kill('SIGKILL'), 5 + writing.die(150))
    const work = clients.map((client, index) => writeOn(client, `${round}-${index}`, writing, tell))
    await within(`round ${round}: everyone has noticed`, Promise.all(work))
    await relay.ended
  }
  const relay = await place.start(program)
  const url = `${relay.url}/sync/${PROJECT}`
  const newcomer = await look(url)
  const all = [newcomer, ...(await Promise.all(kept.map((doc) => RelayClient.join(url, { doc }))))]
  for (const client of all) expect((await client.barrier())?.status).toBe('committed')
  // What the last of them brought reaches everyone.
  await until('all have the same', () => all.every(({ doc }) => stateOf(doc) === stateOf(newcomer.doc)))
  for (const key of lost(writing.acknowledged, newcomer.doc)) losses.add(key)
  await Promise.all(all.map((client) => client.leave()))
  return { lost: [...losses], acknowledged: writing.acknowledged.size, afterAcknowledgement }
}

function stateOf(doc: Y.Doc): string {
  const clocks = [...Y.decodeStateVector(Y.encodeStateVector(doc))].sort(([a], [b]) => a - b)
  return JSON.stringify([clocks, Object.entries(doc.getMap('values').toJSON()).sort(([a], [b]) => (a < b ? -1 : 1))])
}

describe.concurrent('after kill -9', { timeout: TIMEOUT_MS }, () => {
  it(`[G50] of the relay under load nothing that it acknowledged is lost, and all who come back agree (seed ${SEED})`, async () => {
    await using place = await openRelayPlace()
    const outcome = await killRelay(place, ROUNDS)
    expect(outcome.lost).toEqual([])
    expect(outcome.acknowledged).toBeGreaterThan(ROUNDS * 10)
    expect(outcome.afterAcknowledgement).toBeGreaterThanOrEqual(Math.floor(ROUNDS / 4))
    process.stdout.write(`${ROUNDS} kills of a relay, ${outcome.acknowledged} writes acknowledged\n`)
  })

  it('[G50] control: a relay that acknowledges before it writes is caught', async () => {
    await using late = await bundleProgram('bin/background.ts', [
      changing(
        /room-document\.ts$/,
        /await this\.#store\.commit\(\[\{ append: this\.#log, bytes: update \}\]\)/,
        'void new Promise((write) => setTimeout(write, 2_000)).then(() => this.#store.commit([{ append: this.#log, bytes: update }]))',
      ),
    ])
    await using place = await openRelayPlace()
    const outcome = await killRelay(place, 1, { program: late.path })
    expect(outcome.lost.length).toBeGreaterThan(0)
  })

  it('[G51] of clients, at any moment and many times, what they were acknowledged stays and nobody else is disturbed', async () => {
    await using place = await openRelayPlace()
    const relay = await place.start()
    const url = `${relay.url}/sync/${PROJECT}`
    const witness = await RelayClient.join(url)
    const acknowledged = new Set<string>()
    const die = dice(SEED + 1)
    const lives = async (name: string): Promise<void> => {
      for (let life = 0; life < Math.ceil(ROUNDS / 3); life++) {
        const child = startProgram(writer.path, [url, `${name}-${life}`], place.env)
        await child.line(1 + die(40))
        child.kill('SIGKILL')
        await child.ended
        for (const key of child.said) acknowledged.add(key)
      }
    }
    let isOver = false
    const witnessing = (async () => {
      let count = 0
      while (!isOver) if (await witness.write(`witness-${count % 100}`, `witness ${count}`)) count++
      return count
    })()
    await Promise.all(['a', 'b', 'c'].map(lives))
    isOver = true
    expect(await witnessing).toBeGreaterThan(ROUNDS)
    await witness.leave()
    const newcomer = await RelayClient.join(url)
    expect(lost(acknowledged, newcomer.doc)).toEqual([])
    expect(acknowledged.size).toBeGreaterThan(ROUNDS)
    expect(relay.exit()).toBe(undefined)
  })

  it('[G52] of a workspace and of the relay in turn every task that was acknowledged reaches the other workspace, with equal files', async () => {
    await using relays = await openRelayPlace()
    await using place = openPlace()
    let relay = await relays.start()
    await place.prepare(['init', '--relay', relay.url])
    const other = join(place.root, 'other')
    mkdirSync(other)
    copyFileSync(join(place.dir, 'tidemark.json'), join(other, 'tidemark.json'))
    await using witness = startProgram(embedding.path, ['hold', other], place.env)
    expect(await witness.line(0)).toBe('owner')
    const titles: string[] = []
    const die = dice(SEED + 2)
    const begin = async (): Promise<Program> => {
      const program = startProgram(embedding.path, ['hold', place.dir], place.env)
      expect(await program.line(0)).toBe('owner')
      return program
    }
    for (let round = 0; round < Math.ceil(ROUNDS / 4); round++) {
      const program = await begin()
      for (let index = 0, count = 1 + die(6); index < count; index++) {
        const title = `task ${round} ${index}`
        expect(await program.call('task.create', { title })).toHaveProperty('result')
        titles.push(title)
      }
      program.kill('SIGKILL')
      if (round % 2 === 1) {
        await relay.kill('SIGKILL')
        relay = await relays.start()
      }
      await program.ended
    }
    await using last = await begin()
    for (const program of [last, witness])
      await until('the relay has everything', async () => {
        const { result } = await program.call('workspace.sync', { timeoutMs: 10_000 })
        return (result as { readonly relay: { readonly saved: boolean } } | undefined)?.relay.saved === true
      })
    await until('the other workspace has all tasks', async () => {
      const { result } = await witness.call('tasks.list', {})
      const { tasks } = result as { readonly tasks: readonly { readonly title: string }[] }
      return titles.every((title) => tasks.some((task) => task.title === title))
    })
    const files = (dir: string): Readonly<Record<string, string>> =>
      Object.fromEntries(
        readdirSync(join(dir, 'tasks'))
          .sort()
          .map((name) => [name, readFileSync(join(dir, 'tasks', name), 'utf8')]),
      )
    await until('the files are equal', () => JSON.stringify(files(other)) === JSON.stringify(files(place.dir)))
    expect(Object.keys(files(other))).toHaveLength(titles.length)
  })
})

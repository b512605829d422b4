/**
 * Claims under a storm: many processes want the same tasks, stand still for longer than their leases last, lose replies and ask
 * again, while the relay is killed and begins again. What they asked and were told is judged afterwards.
 * `npm test` plays 12 × 40 claims; E2E_FULL=1 plays 24 × 200.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Holding } from '../../src/claims/request.ts'
import { SocketAsking } from './claims-asking.ts'
import { bundleCareless, bundleClaimant, playStorm } from './claims-storm.ts'
import { RelayClient } from './relay-client.ts'
import { until, within, type RelayProcess } from './relay-place.ts'

const SEED = Number(process.env['FUZZ_SEED'] ?? Date.now() % 1_000_000_000)
const isFull = process.env['E2E_FULL'] === '1'
const SIZE = isFull
  ? { processes: 24, claims: 200, tasks: 30, kills: 8, deaths: 8, paused: 5, timeoutMs: 600_000 }
  : { processes: 12, claims: 40, tasks: 16, kills: 3, deaths: 3, paused: 2, timeoutMs: 60_000 }

let claimant: Awaited<ReturnType<typeof bundleClaimant>>
beforeAll(async () => {
  claimant = await bundleClaimant()
})
afterAll(() => claimant[Symbol.asyncDispose]())

/** What must have happened for a storm to say something. */
const STATES = [
  'claim granted',
  'claim held',
  'claim timeout',
  'claim reused',
  'take granted',
  'renew granted',
  'release released',
  'release lost',
  'check held',
  'verify free',
  'list listed',
  'unanswered',
  'stolen',
  'several granted',
  'granted after waiting',
  'after a lease ran out',
  'pauses',
  'relayPauses',
  'cuts',
]

/** Whoever watches the room sees what the relay answers. */
async function expectRoomIsList({ url }: RelayProcess, project: string): Promise<void> {
  await using asking = new SocketAsking(url, project)
  const watcher = await within('someone watches', RelayClient.join(`${url}/sync/${project}/claims`))
  await until('the room is what is listed', async () => {
    const { result } = JSON.parse(await asking.ask('claims.list', {})) as {
      readonly result: { readonly holdings: readonly Holding[] }
    }
    const shown = watcher.doc.getMap<Holding>('claims')
    const listed = result.holdings.map(({ uid, token, by }) => [uid, token, by].join(' ')).sort()
    return (
      JSON.stringify([...shown].map(([uid, { token, by }]) => [uid, token, by].join(' ')).sort()) ===
      JSON.stringify(listed)
    )
  })
  await watcher.leave()
}

describe.concurrent('a storm of claims', { timeout: SIZE.timeoutMs + 20_000 }, () => {
  it(`[C80] over connections, pages and the library leaves a history that one arbiter can have made (seed ${SEED})`, async () => {
    const plan = { ...SIZE, seed: SEED, ways: ['socket', 'page', 'socket', 'library'] } as const
    const { problems, faults, counts, judgedMs } = await playStorm(claimant.path, plan, expectRoomIsList)
    process.stdout.write(`a storm of claims: ${JSON.stringify(counts)}, judged in ${Math.round(judgedMs)} ms\n`)
    expect(faults).toEqual([])
    expect(problems.slice(0, 5)).toEqual([])
    expect(counts).toMatchObject({ turns: SIZE.processes * SIZE.claims, kills: SIZE.kills, deaths: SIZE.deaths })
    expect(STATES.filter((name) => counts[name] === undefined || counts[name] === 0)).toEqual([])
  })

  it.each([
    ['that reads, then writes', 'ReadThenWriteBook', 0],
    ['that answers before it writes', 'AnswerFirstBook', 8],
  ] as const)('[C81] control: of an arbiter %s the same storm is found out', async (_, book, kills) => {
    await using careless = await bundleCareless(book)
    const plan = { ...SIZE, seed: SEED, processes: 8, claims: 30, tasks: 8, kills, deaths: 0, paused: 0 }
    const played = { ...plan, ways: ['socket', 'page'], program: careless.path } as const
    const { problems, faults } = await playStorm(claimant.path, played)
    expect(faults).toEqual([])
    expect(problems.length).toBeGreaterThan(0)
  })
})

/** Claims in a workspace that decides for itself: the next task, sharing out, renewing, releasing, and what lists show. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openPlace, type Place } from './support.ts'

let place: Place
beforeEach(async () => {
  place = openPlace()
  await place.prepare(
    ['init', '--relay', 'none'],
    ['add', 'Fix login', '-l', 'web'],
    ['add', 'Write notes', '-p', 'high'],
    ['add', 'Paint the door', '-l', 'web'],
  )
})
afterEach(() => place[Symbol.asyncDispose]())

interface Granted {
  readonly key: string
  readonly by: string
  readonly token: number
  readonly expiresAt: string
}

const granted = async (args: readonly string[]): Promise<readonly Granted[]> =>
  (await place.json(args))['granted'] as readonly Granted[]
const exitOf = async (args: readonly string[]): Promise<number | null> => (await place.tide(args)).exit

describe('claims of a workspace alone', () => {
  it('[C63] the next one by priority, order and age, with a label, several, or none left', async () => {
    expect(await granted(['claim', '--next', '--as', 'a'])).toMatchObject([{ key: 'T-2' }])
    expect(await granted(['claim', '--next', '--label', 'web', '--count', '5', '--as', 'b'])).toMatchObject([
      { key: 'T-1' },
      { key: 'T-3' },
    ])
    const none = await place.tide(['claim', '--next', '--as', 'c'])
    expect([none.exit, none.err.split('\n')[0]]).toEqual([3, 'tide: nothing is ready'])
  })

  it('[C63] assign shares out, up to a limit that counts what they hold', async () => {
    expect(await granted(['assign', '--auto', 'a', 'b', '--limit', '1', '--for', '8h'])).toMatchObject([
      { key: 'T-2', by: 'a' },
      { key: 'T-1', by: 'b' },
    ])
    expect(await granted(['assign', '--auto', 'a', 'b'])).toEqual([])
    expect(await granted(['assign', '--auto', 'a', 'b', '--limit', '2'])).toMatchObject([{ key: 'T-3' }])
  })

  it('[C65] renewed under its token, released by its holder only, and free then', async () => {
    const [claim] = await granted(['claim', 'T-1', '--as', 'a', '--for', '1m'])
    const [renewed] = await granted(['renew', 'T-1', '--as', 'a', '--for', '2h', '--token', String(claim?.token)])
    expect(renewed?.token).toBe(claim?.token)
    expect(Date.parse(renewed?.expiresAt ?? '')).toBeGreaterThan(Date.parse(claim?.expiresAt ?? ''))
    expect(await exitOf(['renew', 'T-1', '--as', 'b'])).toBe(4)
    expect(await exitOf(['release', 'T-1', '--as', 'b'])).toBe(4)
    expect(await place.must(['release', 'T-1', '--as', 'a'])).toBe('T-1\n')
    const [next] = await granted(['claim', 'T-1', '--as', 'b'])
    expect(next?.token).toBeGreaterThan(claim?.token ?? Infinity)
  })

  it('[C61] what is claimed as a human is renewed and released by its name alone', async () => {
    await place.must(['claim', 'T-1', '--as', 'sara', '--type', 'human'])
    expect(await granted(['renew', 'T-1', '--as', 'sara'])).toMatchObject([{ type: 'human' }])
    await place.must(['release', 'T-1', '--as', 'sara'])
    expect((await place.look(['claims']))['claims']).toEqual([])
  })

  it('[C77] is seen in lists and show, and what is held is not ready', async () => {
    await place.must(['start', 'T-1', '--as', 'agent-1'])
    await place.must(['claim', 'T-3', '--as', 'agent-2'])
    expect((await place.must(['list'])).split('\n').map((line) => line.split('\t').at(-1))).toEqual([
      'claim:agent-1',
      'ready',
      'claim:agent-2',
      '',
    ])
    expect(await place.must(['ready'])).toMatch(/^T-2\t[^\n]*\n$/)
    expect(await place.must(['show', 'T-3'])).toMatch(
      /^claim +agent-2 \(agent\) until .*, token \d+ of this workspace$/m,
    )
  })
})

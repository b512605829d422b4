/** Who is in a room, by the bytes of awareness messages: limits, owners, who left. */
import { describe, expect, it } from 'vitest'
import { defaultLimits } from '../../src/relay/limits.ts'
import { Presences } from '../../src/relay/presences.ts'
import { GONE, readPresences, writePresences } from '../../src/sync/awareness.ts'

const [A, B] = [{ name: 'a' }, { name: 'b' }]
const said = (client: number, clock: number, state = '{}'): Uint8Array => writePresences([{ client, clock, state }])
const room = (limits = {}): Presences<{ name: string }> => new Presences({ ...defaultLimits, ...limits })

describe('presences', () => {
  it('[U47] the newest state of each client is told once, to who comes all of them, and that it left', () => {
    const presences = room()
    expect([presences.takeNews(), presences.everyone()]).toEqual([undefined, undefined])
    for (const clock of [1, 3, 2]) presences.hear(A, said(7, clock, `{"at":${clock}}`))
    expect(readPresences(presences.takeNews() ?? said(0, 0), 9)).toEqual([{ client: 7, clock: 3, state: '{"at":3}' }])
    expect(presences.takeNews()).toBeUndefined()
    expect(readPresences(presences.everyone() ?? said(0, 0), 9)).toEqual([{ client: 7, clock: 3, state: '{"at":3}' }])
    presences.forget(A)
    expect(readPresences(presences.takeNews() ?? said(0, 0), 9)).toEqual([{ client: 7, clock: 4, state: GONE }])
    expect(presences.states()).toEqual([])
  })

  it('[U47] what another repeats of one who is here, or who left, changes nothing; what is newer does', () => {
    const presences = room()
    presences.hear(A, said(7, 5))
    expect(presences.hear(B, said(7, 9))).toBeUndefined()
    expect([presences.ownerOf(7), presences.isOthers(7, B), presences.isOthers(7, A)]).toEqual([A, true, false])
    presences.forget(A)
    presences.hear(B, said(7, 5))
    expect(presences.ownerOf(7)).toBeUndefined()
    presences.hear(B, said(7, 6))
    expect(presences.ownerOf(7)).toBe(B)
  })

  it('[U47] one connection speaks for some clients only, in few words', () => {
    const presences = room({ presences: 2, presenceLength: 10 })
    expect([presences.hear(A, said(1, 1)), presences.hear(A, said(2, 1))]).toEqual([undefined, undefined])
    expect(presences.hear(A, said(3, 1))).toContain('more than 2')
    expect(presences.hear(B, said(4, 1, '"a long text"'))).toContain('longer than 10')
    expect(presences.hear(B, Uint8Array.of(9, 9))).toContain('cannot be read')
    expect(presences.hear(A, said(1, 2, GONE)), 'one that left makes room').toBeUndefined()
    expect(presences.hear(A, said(3, 1))).toBeUndefined()
  })
})

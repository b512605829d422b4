/** Claims where workspaces live in the background, and where a relay comes back with data from before. */
import { cpSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openClaimsPlace, refusalIn, type Asked } from './claims-place.ts'
import { openRelayPlace } from './relay-place.ts'
import { openUpPlace, soon } from './up-place.ts'
import { words, type Answer } from './support.ts'

describe.concurrent('claims and relays that go and come back', { timeout: 120_000 }, () => {
  it.each([
    ['into its folder', true],
    ['as another folder', false],
  ])('[C91] a relay whose data was put back from an older copy, %s, learns what it forgot', async (_, isSameFolder) => {
    await using claims = await openClaimsPlace({ tasks: 2 })
    const [here, there] = claims.dirs
    const old = await claims.must(here, ['claim', 'T-1', 'T-2', '--as', 'agent-1'])
    await claims.stopRelay()
    const copy = `${claims.relayData}-copy`
    cpSync(claims.relayData, copy, { recursive: true })
    await claims.startRelay()
    await claims.must(here, ['release', 'T-1', '--as', 'agent-1'])
    const next = await claims.must(there, ['claim', 'T-1', '--as', 'agent-2'])
    const [first, second] = [old, next].map(({ granted }) => granted[0]?.token ?? 0)
    expect(second).toBeGreaterThan(first ?? Infinity)

    await claims.stopRelay()
    if (isSameFolder)
      for (const name of readdirSync(claims.relayData)) rmSync(join(claims.relayData, name), { recursive: true })
    else renameSync(claims.relayData, `${claims.relayData}-newer`)
    cpSync(copy, claims.relayData, { recursive: true })
    await claims.startRelay()
    // It takes agent-1 for the holder, until the worktree of agent-2 meets it.
    await claims.sync(there)
    const stale = await claims.ask(here, ['done', 'T-1', '--as', 'agent-1', '--token', String(first)])
    expect(stale.exit, `${words(stale)}`).toBe(4)
    expect(refusalIn(stale).code).toBe('TOKEN_STALE')
    // What agent-2 holds is held on.
    const refused = await claims.ask(here, ['claim', 'T-1', '--as', 'agent-3'])
    expect(refused.exit, `${words(refused)}`).toBe(4)
    expect(refusalIn(refused).heldBy).toMatchObject({ by: 'agent-2' })
    await claims.must(there, ['release', 'T-1', '--as', 'agent-2'])
    const third = await claims.must(here, ['claim', 'T-1', '--as', 'agent-3'])
    expect(third.granted[0]?.token).toBeGreaterThan(second ?? Infinity)
    // Of what nobody knows more it still knows who holds it.
    expect((await claims.ask(there, ['claim', 'T-2', '--as', 'agent-3'])).exit).toBe(4)
    await claims.must(here, ['done', 'T-2', '--as', 'agent-1', '--token', String(old.granted[1]?.token)])
  })

  it('[C92] two live worktrees that claimed a task while the relay was away settle it by themselves when it is back', async () => {
    await using relays = await openRelayPlace()
    let relay = await relays.start()
    await using place = openUpPlace()
    await place.prepare(['init', '--relay', relay.url], ['add', 'task 1'], ['add', 'task 2'])
    const dirs = [place.dir, await place.workspace('other', { like: place.dir })]
    for (const cwd of dirs) {
      await place.must(['up'], { cwd })
      await place.must(['sync', '--wait'], { cwd })
    }
    const ask = async (cwd: string | undefined, ...args: readonly string[]): Promise<Answer> =>
      (await place.ask(args, { cwd: cwd ?? '' })).answer
    await relay.kill('SIGKILL')
    for (const [index, cwd] of dirs.entries()) {
      const name = `agent-${index + 1}`
      await soon(async () => expect(await ask(cwd, 'status')).toMatchObject({ relay: { state: 'unreachable' } }))
      expect(await ask(cwd, 'claim', 'T-1', '--as', name)).toMatchObject({
        granted: [{ state: 'tentative', token: 0 }],
      })
      expect(await ask(cwd, 'claim', '--next', '--as', name)).toMatchObject({
        granted: [{ key: 'T-2', state: 'tentative' }],
      })
      await place.must(['comment', 'T-1', `by ${name}`, '--as', name], { cwd })
    }
    relay = await relays.start()
    const held = async (cwd: string | undefined): Promise<readonly string[]> => {
      const { claims, lost } = await ask(cwd, 'claims')
      const shown = [
        ...(claims as Asked['granted']),
        ...(lost as Asked['granted']).map((one) => ({ ...one, state: 'lost' })),
      ]
      return shown.map(({ key, by, state }) => `${key} ${state} ${by}`).sort()
    }
    // Each is granted what it asked for first, and never what the other was.
    await soon(async () => {
      const [mine, its] = [await held(dirs[0]), await held(dirs[1])]
      const granted = mine.filter((line) => line.includes('granted'))
      expect(its.filter((line) => line.includes('granted'))).toEqual(granted)
      expect(granted.map((line) => line.slice(0, 3))).toEqual(['T-1', 'T-2'])
      expect([...mine, ...its].filter((line) => line.includes('lost'))).toHaveLength(2)
      expect([...mine, ...its].filter((line) => line.includes('tentative'))).toEqual([])
    })
    for (const cwd of dirs) {
      const { problems } = await ask(cwd, 'status')
      const lost = (await held(cwd)).filter((line) => line.includes('lost'))
      expect((problems as readonly { readonly code: string }[]).map(({ code }) => code)).toEqual(
        lost.map(() => 'CLAIM_LOST'),
      )
      await soon(async () => {
        const { task } = await ask(cwd, 'show', 'T-1')
        expect(task?.comments.map(({ text }) => text).sort()).toEqual(['by agent-1', 'by agent-2'])
      })
    }
    expect(relay.exit()).toBe(undefined)
  })
})

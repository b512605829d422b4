/** A relay whose disk is full for a while: a real file system without room, as only root can mount one. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { RelayClient } from './relay-client.ts'
import { openRelayPlace, until } from './relay-place.ts'
import { isRoot } from './support.ts'

const PROJECT = 'k3v9x0c2m4n6p8q1'
const MIB = 1024 * 1024

const small = mkdtempSync(join(tmpdir(), 'tide-small-'))
const isMounted = isRoot && spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', small]).status === 0
if (!isMounted) process.stdout.write('a full disk is not tried: only root can mount a small one here\n')

afterAll(() => {
  if (isMounted) spawnSync('umount', [small])
  rmSync(small, { recursive: true, force: true })
})

/** Bytes that differ, so that nothing makes them fewer. */
const noise = (length: number): string =>
  Array.from({ length }, (_, index) => String.fromCharCode(33 + ((index * 7919 + length) % 90))).join('')

describe.runIf(isMounted)('a relay on a full disk', () => {
  beforeAll(() => mkdirSync(join(small, 'data')))

  it('[G53] acknowledges nothing that is not written, sends all away for a while, and goes on by itself once there is room', async () => {
    await using place = await openRelayPlace({ data: join(small, 'data') })
    const relay = await place.start()
    const url = `${relay.url}/sync/${PROJECT}`
    const before = await RelayClient.join(url)
    expect(await before.write('before', 'there')).toBe(true)
    const bystander = await RelayClient.join(`${relay.url}/sync/another-project0`)
    expect(await bystander.write('beside', 'there')).toBe(true)

    const ballast = join(small, 'ballast')
    writeFileSync(ballast, Buffer.alloc(8 * MIB))
    const acknowledged: string[] = []
    let turn = 0
    while (!before.isOver && turn < 100) {
      const key = `full-${turn++}`
      if (await before.write(key, noise(200_000))) acknowledged.push(key)
    }
    expect([1001, 1011]).toContain((await before.ended).status)
    expect((await bystander.ended).status).toBe(1001)
    expect(acknowledged.length).toBeLessThan(turn)
    // It is there, and says to whoever comes that it is away for a while.
    expect((await fetch(`${relay.http}/healthz`)).status).toBe(200)
    const early = await RelayClient.connect(url)
    expect((await early.ended).status).toBe(1001)
    expect(relay.log.join('\n')).toContain('relay.unwritable')

    rmSync(ballast)
    await until('the relay writes again', () => relay.log.some((line) => line.includes('relay.writable')))
    const newcomer = await RelayClient.join(url)
    for (const key of ['before', ...acknowledged]) expect(newcomer.values.has(key), `${key}`).toBe(true)
    const back = await RelayClient.join(url, { doc: before.doc })
    expect(await back.write('after', 'there')).toBe(true)
    await until('what was not acknowledged came with who wrote it', () => newcomer.values.size === before.values.size)
    expect(relay.exit()).toBe(undefined)
    const metrics = await (await fetch(`${relay.http}/metrics`)).text()
    expect(metrics).toMatch(/^tidemark_commit_failures_total [1-9]/m)
    await relay.kill('SIGTERM')
    expect(relay.exit()).toEqual({ code: 0, signal: null })
  })
})

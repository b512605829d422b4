/**
 * Two hosts, as far as one machine has them: network namespaces with a line between them that is cut and mended. With `netem`
 * the line is slow and loses packets; not every kernel has it. Signs of life come sixty times as often as in the product.
 */
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RelayReport } from '../../src/api/methods.ts'
import { changing, startProgram, type Program } from './program.ts'
import { bundleProgram, openRelayPlace, until } from './relay-place.ts'
import { isRoot, openPlace } from './support.ts'

const [NEAR, FAR] = [`tide-${process.pid}-near`, `tide-${process.pid}-far`]
const ADDRESS = '10.213.7.1'
const TOKEN = 'a-master-token-of-this-test'

const ip = (...args: readonly string[]): boolean => spawnSync('ip', args, { timeout: 5_000 }).status === 0
const tc = (...args: readonly string[]): boolean => spawnSync('tc', args, { timeout: 5_000 }).status === 0

function makeHosts(): boolean {
  return (
    isRoot &&
    ip('netns', 'add', NEAR) &&
    ip('netns', 'add', FAR) &&
    ip('-n', NEAR, 'link', 'add', 'line', 'type', 'veth', 'peer', 'name', 'line', 'netns', FAR) &&
    [NEAR, FAR].every(
      (host, index) =>
        ip('-n', host, 'address', 'add', `10.213.7.${index + 1}/24`, 'dev', 'line') &&
        ip('-n', host, 'link', 'set', 'line', 'up') &&
        ip('-n', host, 'link', 'set', 'lo', 'up') &&
        ip('netns', 'exec', host, 'true'),
    )
  )
}

const hasHosts = makeHosts()
const isSlow =
  hasHosts &&
  [NEAR, FAR].every((host) =>
    tc('-n', host, 'qdisc', 'add', 'dev', 'line', 'root', 'netem', 'delay', '40ms', 'loss', '2%'),
  )
if (!hasHosts) process.stdout.write('two hosts are not tried: network namespaces cannot be made here\n')
else if (!isSlow)
  process.stdout.write('the line between two hosts is fast and loses nothing: this kernel has no netem\n')

const on = (host: string): readonly string[] => ['ip', 'netns', 'exec', host]

let relayProgram: Awaited<ReturnType<typeof bundleProgram>>
let workspaceProgram: Awaited<ReturnType<typeof bundleProgram>>
beforeAll(async () => {
  const often = changing(/websocket[\\/](?:client|server)\.ts$/, /(pingMs (?:=|\?\?)) 30_000/, '$1 500')
  ;[relayProgram, workspaceProgram] = await Promise.all([
    bundleProgram('bin/background.ts', [often]),
    bundleProgram('test/e2e/embedding-child.ts', [often]),
  ])
})
afterAll(async () => {
  for (const host of [NEAR, FAR]) ip('netns', 'del', host)
  await relayProgram[Symbol.asyncDispose]()
  await workspaceProgram[Symbol.asyncDispose]()
})

/** What they are called, and what they say. */
function textsIn(dir: string): readonly string[] {
  const tasks = join(dir, 'tasks')
  return readdirSync(tasks)
    .filter((name) => !name.startsWith('.'))
    .map((name) => `${name}\n${readFileSync(join(tasks, name), 'utf8')}`)
    .sort()
}

/** As a person with an editor. */
function edit(dir: string, key: string, from: string, to: string): void {
  const name = readdirSync(join(dir, 'tasks')).find((one) => one.startsWith(`${key}-`)) ?? ''
  const path = join(dir, 'tasks', name)
  const text = readFileSync(path, 'utf8')
  expect(text).toContain(from)
  writeFileSync(path, text.replace(from, to))
}

async function relayOf(program: Program): Promise<RelayReport> {
  const { result } = await program.call('workspace.status')
  return (result as { readonly relay: RelayReport }).relay
}

async function add(program: Program, title: string): Promise<void> {
  expect(await program.call('task.create', { title, body: 'One.\n\nTwo.\n\nThree.\n' })).toHaveProperty('result')
}

describe.runIf(hasHosts)('two hosts', () => {
  it('[G62] on both sides of a line that is cut for a while know that it is, go on, and are equal once it is mended', async () => {
    await using relays = await openRelayPlace()
    await using place = openPlace()
    const tokenFile = join(relays.root, 'token')
    writeFileSync(tokenFile, `${TOKEN}\n`, { mode: 0o600 })
    const { url } = await relays.start({
      program: relayProgram.path,
      under: on(NEAR),
      options: { host: ADDRESS, tokenFile },
    })
    const address = url.replace('127.0.0.1', ADDRESS)
    await place.prepare(['init', '--relay', address])
    const far = join(place.root, 'far')
    mkdirSync(join(far, 'run'), { recursive: true, mode: 0o700 })
    copyFileSync(join(place.dir, 'tidemark.json'), join(far, 'tidemark.json'))
    const env = { ...place.env, TIDEMARK_TOKEN: TOKEN }
    await using one = startProgram(workspaceProgram.path, ['hold', place.dir], env, on(NEAR))
    await using other = startProgram(
      workspaceProgram.path,
      ['hold', far],
      { ...env, XDG_RUNTIME_DIR: join(far, 'run') },
      on(FAR),
    )
    expect([await one.line(0), await other.line(0)]).toEqual(['owner', 'owner'])
    const areEqual = (): boolean => JSON.stringify(textsIn(place.dir)) === JSON.stringify(textsIn(far))

    await add(one, 'Both')
    await until('it is there', async () => (await other.call('task.get', { key: 'T-1' }))['result'] !== undefined)
    await add(other, 'Also both')
    await until('both have two', () => textsIn(place.dir).length === 2 && areEqual())
    await until('they see each other', async () => (await relayOf(one)).others.length === 1)

    expect(ip('-n', NEAR, 'link', 'set', 'line', 'down')).toBe(true)
    edit(place.dir, 'T-1', 'One.', 'One, near.')
    edit(far, 'T-1', 'Three.', 'Three, far.')
    await add(one, 'Near alone')
    await add(other, 'Far alone')
    await other.call('tasks.update', { keys: ['T-2'], changes: { status: 'doing' } })
    // Nobody closes a connection over a line that is cut: only silence tells.
    await until('the far side knows', async () => (await relayOf(other)).state === 'unreachable')
    await until('the near side knows', async () => (await relayOf(one)).others.length === 0)
    expect(textsIn(place.dir).join('')).not.toMatch(/Three, far|Far alone/)
    expect(textsIn(far).join('')).not.toMatch(/One, near|Near alone/)

    expect(ip('-n', NEAR, 'link', 'set', 'line', 'up')).toBe(true)
    const mended = performance.now()
    await until('both have four, and equal files', () => textsIn(far).length === 4 && areEqual())
    process.stdout.write(`two hosts are equal ${Math.round(performance.now() - mended)} ms after the line was mended\n`)
    const all = textsIn(far).join('\n')
    for (const word of ['One, near.', 'Three, far.', 'Near alone', 'Far alone', 'status: doing'])
      expect(all).toContain(word)
    await until('they see each other again', async () => (await relayOf(one)).others.length === 1)
    expect((await one.call('workspace.status'))['result']).toMatchObject({ unsynced: 0, conflicts: 0, problems: [] })
  })
})

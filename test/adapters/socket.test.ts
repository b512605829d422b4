/** The socket against peers that misbehave, and the file that names it. */
import { chmodSync, lstatSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { memoryRuntime } from '../../adapters/memory/runtime.ts'
import { nodeRuntime } from '../../adapters/node/runtime.ts'
import { socketTransport } from '../../adapters/node/socket.ts'
import type { Connection } from '../../src/internal.ts'

describe.skipIf(process.platform === 'win32')('socket', () => {
  let folder: string
  let path: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tide-socket-'))
    path = join(folder, 'a.sock')
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  hostilePeers(() => path)
  socketFile(
    () => folder,
    () => path,
  )
})

/** A bare peer that sends what it likes, and what became of it at the listener. */
async function openRaw(
  path: string,
): Promise<{ raw: Socket; connection: Connection; frames: Uint8Array[] } & AsyncDisposable> {
  const frames: Uint8Array[] = []
  let accept: (connection: Connection) => void = () => undefined
  const accepted = new Promise<Connection>((resolve) => (accept = resolve))
  const listening = await socketTransport(path, nodeRuntime(), {
    maxFrameBytes: 100_000,
    maxBufferedBytes: 300_000,
  }).listen((connection) => {
    connection.onFrame((frame) => frames.push(frame))
    accept(connection)
  })
  const raw = connect(path)
  raw.on('error', () => undefined)
  const connection = await accepted
  return {
    raw,
    connection,
    frames,
    [Symbol.asyncDispose]: async () => {
      raw.destroy()
      await listening[Symbol.asyncDispose]()
      await connection.closed
    },
  }
}

const frameOf = (...bytes: readonly number[]): Buffer => Buffer.from([0, 0, 0, bytes.length, ...bytes])

function hostilePeers(path: () => string): void {
  it.each([
    ['inside a length', Buffer.from([0, 0])],
    ['after a length', Buffer.from([0, 0, 0, 9])],
    ['inside a frame', Buffer.from([0, 0, 0, 9, 1, 2])],
  ])('[P22] a peer that goes away %s is lost, and the frames before it were heard', async (_, bytes) => {
    await using world = await openRaw(path())
    world.raw.end(Buffer.concat([frameOf(7), bytes]))
    expect(await world.connection.closed).toEqual({ code: 'lost', reason: 'the other side went away inside a frame' })
    expect(world.frames).toEqual([Uint8Array.of(7)])
  })

  it('[P22] a peer that goes away between frames is lost too: it did not say goodbye', async () => {
    await using world = await openRaw(path())
    world.raw.end(frameOf(7))
    expect(await world.connection.closed).toEqual({ code: 'lost', reason: 'the other side went away' })
  })

  it('[P22] a peer that resets is lost', async () => {
    await using world = await openRaw(path())
    world.connection.send(Uint8Array.of(1))
    world.raw.destroy()
    expect((await world.connection.closed).code).toBe('lost')
  })

  it.each([
    ['a frame over the limit', [0, 1, 0x86, 0xa1], 'a frame of 100001 bytes, of at most 100000'],
    ['the largest length there is', [0x7f, 0xff, 0xff, 0xff], 'a frame of 2147483647 bytes, of at most 100000'],
    ['an endless goodbye', [0xff, 0xff, 0xff, 0xff], 'a frame of 2147483647 bytes, of at most 1024'],
  ])('[P22] %s is refused before its bytes come, and the peer is told', async (_, header, reason) => {
    await using world = await openRaw(path())
    const told: Buffer[] = []
    world.raw.on('data', (chunk) => told.push(chunk))
    const ended = new Promise((resolve) => void world.raw.once('end', resolve))
    world.raw.write(Buffer.concat([frameOf(7), Buffer.from(header), frameOf(8)]))
    expect(await world.connection.closed).toEqual({ code: 'refused', reason })
    await ended
    expect(Buffer.concat(told).subarray(4).toString()).toBe(reason)
    expect(world.frames).toEqual([Uint8Array.of(7)])
  })

  it('[P22] bytes one by one make the same frames', async () => {
    await using world = await openRaw(path())
    world.raw.setNoDelay(true)
    const bytes = Buffer.concat([
      frameOf(1, 2, 3),
      frameOf(),
      frameOf(4),
      Buffer.from([0x80, 0, 0, 2]),
      Buffer.from('ok'),
    ])
    for (const byte of bytes) await new Promise((resolve) => world.raw.write(Buffer.of(byte), resolve))
    expect(await world.connection.closed).toEqual({ code: 'closed', reason: 'ok' })
    expect(world.frames).toEqual([Uint8Array.of(1, 2, 3), new Uint8Array(0), Uint8Array.of(4)])
  })

  it('[P22] a thousand peers that send noise harm nobody', async () => {
    const dice = memoryRuntime({ seed: 22 })
    const codes = new Set<string>()
    await using listening = await socketTransport(path(), nodeRuntime(), { maxFrameBytes: 1_000 }).listen(
      (connection) => {
        connection.onFrame(() => undefined)
        void connection.closed.then(({ code }) => codes.add(code))
      },
    )
    for (let batch = 0; batch < 20; batch++) {
      await Promise.all(
        Array.from({ length: 50 }, () => {
          const raw = connect(path())
          raw.on('error', () => undefined)
          raw.resume()
          raw.end(dice.random(1 + (dice.random(1)[0] ?? 0)))
          return new Promise((resolve) => void raw.once('close', resolve))
        }),
      )
    }
    const good = await socketTransport(path(), nodeRuntime()).connect()
    good.close('still here')
    expect(await good.closed).toEqual({ code: 'closed', reason: 'still here' })
    expect([...codes].toSorted()).toEqual(expect.arrayContaining(['lost', 'refused']))
    expect(listening).toBeDefined()
  })

  it('[P22] while nobody listens to a connection what is sent waits with the sender', async () => {
    let accept: (connection: Connection) => void = () => undefined
    const accepted = new Promise<Connection>((resolve) => (accept = resolve))
    const transport = socketTransport(path(), nodeRuntime())
    await using listening = await transport.listen((connection) => accept(connection))
    const raw = connect(path())
    const frame = Buffer.concat([Buffer.from([0, 1, 0, 0]), Buffer.alloc(65_536)])
    for (let count = 0; count < 300; count++) raw.write(frame)
    const connection = await accepted
    for (let turn = 0; turn < 500; turn++) await new Promise((resolve) => setImmediate(resolve))
    expect(raw.writableLength).toBeGreaterThan(10_000_000)
    let heard = 0
    connection.onFrame(() => (++heard === 300 ? connection.close('all heard') : undefined))
    expect([await connection.closed, heard]).toEqual([{ code: 'closed', reason: 'all heard' }, 300])
    raw.destroy()
    expect(listening).toBeDefined()
  })

  it('[P22] a peer that does not read is cut off when too much waits for it', async () => {
    await using world = await openRaw(path())
    world.raw.pause()
    for (let count = 0; count < 40; count++) world.connection.send(new Uint8Array(90_000))
    expect(await world.connection.closed).toEqual({ code: 'refused', reason: 'the other side reads too slowly' })
  })

  it('[P22] an end that the peer never takes is over after a while all the same', async () => {
    const runtime = memoryRuntime()
    let accept: (connection: Connection) => void = () => undefined
    const accepted = new Promise<Connection>((resolve) => (accept = resolve))
    await using listening = await socketTransport(path(), runtime).listen((connection) => accept(connection))
    const raw = connect(path())
    raw.pause()
    const connection = await accepted
    connection.send(new Uint8Array(8_000_000))
    connection.close('done')
    await runtime.advance(2_000)
    expect(await connection.closed).toEqual({ code: 'closed', reason: 'done' })
    expect(runtime.sleeping).toBe(0)
    raw.destroy()
    expect(listening).toBeDefined()
  })
}

function socketFile(folder: () => string, path: () => string): void {
  it('[P23] the socket is there for its user only, and nothing else is left in the folder', async () => {
    chmodSync(folder(), 0o755)
    const listening = await socketTransport(path(), nodeRuntime()).listen(() => undefined)
    expect([statSync(path()).isSocket(), statSync(path()).mode & 0o777]).toEqual([true, 0o600])
    expect(readdirSync(folder())).toEqual(['a.sock'])
    await listening[Symbol.asyncDispose]()
    expect(readdirSync(folder())).toEqual([])
  })

  it('[P23] a socket file that nobody answers is replaced', async () => {
    // A listener that dies leaves its file: Node would take it away, so it is moved out of its reach first.
    const dead = createServer()
    await new Promise<void>((resolve) => dead.listen(join(folder(), 'b.sock'), resolve))
    renameSync(join(folder(), 'b.sock'), path())
    await new Promise((resolve) => dead.close(resolve))
    expect(lstatSync(path()).isSocket()).toBe(true)
    await expect(socketTransport(path(), nodeRuntime()).connect()).rejects.toMatchObject({
      details: { reason: 'nobody listens there', listening: false },
    })
    await using listening = await socketTransport(path(), nodeRuntime()).listen((connection) =>
      connection.close('hello'),
    )
    const caller = await socketTransport(path(), nodeRuntime()).connect()
    expect(await caller.closed).toEqual({ code: 'closed', reason: 'hello' })
    expect(listening).toBeDefined()
  })

  it('[P23] what is no socket is left alone', async () => {
    writeFileSync(path(), 'mine')
    const listening = socketTransport(path(), nodeRuntime()).listen(() => undefined)
    await expect(listening).rejects.toMatchObject({ code: 'FILE_EXISTS', details: { path: path() } })
    expect(readdirSync(folder())).toEqual(['a.sock'])
  })

  it('[P23] at its end a listener leaves a socket alone that another put in the place of its own', async () => {
    const first = await socketTransport(path(), nodeRuntime()).listen(() => undefined)
    const second = createServer((socket) => socket.end())
    await new Promise<void>((resolve) => second.listen(join(folder(), 'b.sock'), resolve))
    renameSync(join(folder(), 'b.sock'), path())
    await first[Symbol.asyncDispose]()
    expect(readdirSync(folder())).toEqual(['a.sock'])
    const caller = await socketTransport(path(), nodeRuntime()).connect()
    expect((await caller.closed).code).toBe('lost')
    await new Promise((resolve) => second.close(resolve))
  })

  it('[P24] a path that the system would cut short is refused, for listening and for connecting', async () => {
    const long = join(folder(), `${'x'.repeat(104 - folder().length)}`)
    expect(Buffer.byteLength(long)).toBe(105)
    const refused = { code: 'FILE_UNWRITABLE', details: { reason: "a socket's path has at most 103 bytes" } }
    await expect(socketTransport(long, nodeRuntime()).listen(() => undefined)).rejects.toMatchObject(refused)
    await expect(socketTransport(long, nodeRuntime()).connect()).rejects.toMatchObject(refused)
    const longest = long.slice(0, 103)
    const listening = await socketTransport(longest, nodeRuntime()).listen(() => undefined)
    expect(readdirSync(folder())).toEqual([longest.slice(folder().length + 1)])
    await listening[Symbol.asyncDispose]()
  })

  it('[P24] a folder that is not there is an error with its cause', async () => {
    const listening = socketTransport(join(folder(), 'none', 'a.sock'), nodeRuntime()).listen(() => undefined)
    await expect(listening).rejects.toMatchObject({ code: 'FILE_UNWRITABLE', cause: { code: 'EACCES' } })
  })
}

/** Clients that know nothing of Tidemark: the provider of y-websocket as it is published, in Node and in a real browser. */
import { once } from 'node:events'
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { build } from 'esbuild'
import { chromium } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'
import { buildProgram, startOwner } from './program.ts'
import { RelayClient } from './relay-client.ts'
import { openRelayPlace, until, within } from './relay-place.ts'
import { openPlace, repository } from './support.ts'

const CHROMIUM = '/usr/bin/chromium'
const hasBrowser = existsSync(CHROMIUM)
if (!hasBrowser) process.stdout.write(`a page in a browser is not tried: there is no ${CHROMIUM}\n`)

const PROJECT = 'k3v9x0c2m4n6p8q1'
const TOKEN = 'a-master-token-of-this-test'

let embedding: Awaited<ReturnType<typeof buildProgram>>
beforeAll(async () => {
  embedding = await buildProgram()
})
afterAll(() => embedding[Symbol.asyncDispose]())

interface Stock extends Disposable {
  readonly doc: Y.Doc
  readonly provider: WebsocketProvider
  readonly text: Y.Text
}

function stock(url: string, project: string, token?: string): Stock {
  const doc = new Y.Doc()
  const provider = new WebsocketProvider(`${url}/sync`, project, doc, {
    disableBc: true,
    maxBackoffTime: 200,
    WebSocketPolyfill: WebSocket as unknown as typeof globalThis.WebSocket,
    ...(token !== undefined && { protocols: [`bearer.${token}`] }),
  })
  return {
    doc,
    provider,
    text: doc.getText('foreign'),
    [Symbol.dispose]: () => {
      provider.destroy()
      doc.destroy()
    },
  }
}

const synced = (one: Stock): Promise<void> => until('the provider is synced', () => one.provider.synced)

describe.concurrent('a stock y-websocket provider', () => {
  it('[G54] reads the tasks of a workspace and writes into one of them, and the file and the workspace have it', async () => {
    await using relays = await openRelayPlace()
    await using place = openPlace()
    const relay = await relays.start()
    await place.prepare(['init', '--relay', relay.url])
    const { project } = JSON.parse(readFileSync(join(place.dir, 'tidemark.json'), 'utf8')) as { project: string }
    await using owner = await startOwner(embedding.path, place)
    const keys = ['T-1']
    await owner.call('task.create', { title: 'Read by a stranger', body: 'One two.\n' })
    await owner.call('tasks.update', { keys, changes: { body: 'One two three.\n' } })

    using stranger = stock(relay.url, project)
    await synced(stranger)
    const bodies = stranger.doc.getMap<Y.Text>('bodies')
    await until('the body is there', () => [...bodies.values()].some((body) => body.toJSON() === 'One two three.\n'))
    // The roots of a document have no type before someone asks for one.
    const logs = [...stranger.doc.share.keys()].filter((name) => name.startsWith('log/'))
    const said = logs.map((name) => JSON.stringify(stranger.doc.getArray(name).toJSON()))
    expect(said.join('')).toContain('Read by a stranger')

    const [body] = bodies.values()
    body?.insert(3, ' and a half')
    stranger.text.insert(0, 'what no workspace knows')
    const path = join(place.dir, 'tasks', readdirSync(join(place.dir, 'tasks'))[0] ?? '')
    await until('the file has it', () => readFileSync(path, 'utf8').includes('One and a half two three.'))
    const { result } = await owner.call('task.get', { key: 'T-1' })
    expect(result).toMatchObject({ task: { body: 'One and a half two three.\n' } })
    await owner.call('tasks.update', { keys, changes: { body: 'One and a half two three four.\n' } })
    await until('the stranger has the answer', () => body?.toJSON() === 'One and a half two three four.\n')

    using second = stock(relay.url, project)
    await synced(second)
    expect(second.text.toJSON()).toBe('what no workspace knows')
  })

  it('[G55] resumes after the relay was away, with what both sides wrote meanwhile', async () => {
    await using relays = await openRelayPlace()
    const relay = await relays.start()
    using one = stock(relay.url, PROJECT)
    using other = stock(relay.url, PROJECT)
    await Promise.all([synced(one), synced(other)])
    one.text.insert(0, 'before ')
    await until('the other has it', () => other.text.toJSON() === 'before ')
    await relay.kill('SIGKILL')
    await until('both have noticed', () => !one.provider.wsconnected && !other.provider.wsconnected)
    one.text.insert(one.text.length, 'ONE')
    other.text.insert(other.text.length, 'OTHER')
    const again = await relays.start()
    await until('both have all', () => one.text.length === 15 && other.text.length === 15)
    expect(one.text.toJSON()).toBe(other.text.toJSON())
    using newcomer = stock(again.url, PROJECT)
    await synced(newcomer)
    expect(newcomer.text.toJSON()).toBe(one.text.toJSON())
  })

  it('[G55] with a wrong token is closed with 4401 and stays away; with the right one as a subprotocol it is let in', async () => {
    await using relays = await openRelayPlace()
    const tokenFile = join(relays.root, 'token')
    writeFileSync(tokenFile, `${TOKEN}\n`, { mode: 0o600 })
    const relay = await relays.start({ options: { tokenFile } })
    const isClosed = async (one: Stock): Promise<unknown> => {
      const closed = new Promise((resolve) => one.provider.on('closed', resolve))
      return within('the provider gives up', closed)
    }
    using wrong = stock(relay.url, PROJECT, 'not-the-token-of-this-relay')
    using none = stock(relay.url, PROJECT)
    expect(await Promise.all([isClosed(wrong), isClosed(none)])).toMatchObject([{ code: 4401 }, { code: 4401 }])

    using right = stock(relay.url, PROJECT, TOKEN)
    await synced(right)
    right.text.insert(0, 'let in')
    const reader = await RelayClient.join(`${relay.url}/sync/${PROJECT}`, { token: TOKEN })
    await until('the text is there', () => reader.doc.getText('foreign').toJSON() === 'let in')
    // The one that came and went all the while would have been counted.
    const { counters } = (await (
      await fetch(`${relay.http}/api/server`, { headers: { Authorization: `Bearer ${TOKEN}` } })
    ).json()) as { readonly counters: { readonly connections: number } }
    expect(counters.connections).toBe(2)
    for (const { provider } of [wrong, none])
      expect(provider).toMatchObject({ shouldConnect: false, wsconnected: false, ws: null })
  })

  it.runIf(hasBrowser)(
    '[G56] in a page of a real browser writes and reads, also after the relay was away',
    async () => {
      await using relays = await openRelayPlace()
      const tokenFile = join(relays.root, 'token')
      writeFileSync(tokenFile, `${TOKEN}\n`, { mode: 0o600 })
      const start = { options: { tokenFile } }
      const relay = await relays.start(start)
      const script = await pageScript(relay.url)
      const pages = createServer((request, response) => {
        response.setHeader('Content-Type', request.url === '/page.js' ? 'text/javascript' : 'text/html')
        response.end(
          request.url === '/page.js' ? script : '<!doctype html><title>page</title><script src="/page.js"></script>',
        )
      }).listen(0, '127.0.0.1')
      await once(pages, 'listening')
      const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] })
      try {
        const page = await browser.newPage()
        await page.goto(`http://127.0.0.1:${(pages.address() as AddressInfo).port}/`)
        const inPage = async (): Promise<string> => String(await page.evaluate('stock.text.toString()'))
        using node = stock(relay.url, PROJECT, TOKEN)
        node.text.insert(0, 'from Node')
        await until('the page has it', async () => (await inPage()) === 'from Node')
        await page.evaluate("stock.text.insert(stock.text.length, ', from the page')")
        await until('Node has it', () => node.text.toJSON() === 'from Node, from the page')

        await relay.kill('SIGKILL')
        await until('the page has noticed', async () => (await page.evaluate('stock.provider.wsconnected')) === false)
        await page.evaluate("stock.text.insert(stock.text.length, ', alone')")
        await relays.start(start)
        await until('Node has what was written alone', () => node.text.toJSON().endsWith(', alone'))
        expect(await inPage()).toBe(node.text.toJSON())
      } finally {
        await browser.close()
        pages.close()
      }
    },
  )
})

async function pageScript(url: string): Promise<string> {
  const contents = `
    import * as Y from 'yjs'
    import { WebsocketProvider } from 'y-websocket'
    const doc = new Y.Doc()
    const options = { disableBc: true, maxBackoffTime: 200, protocols: [${JSON.stringify(`bearer.${TOKEN}`)}] }
    const provider = new WebsocketProvider(${JSON.stringify(`${url}/sync`)}, ${JSON.stringify(PROJECT)}, doc, options)
    globalThis.stock = { doc, provider, text: doc.getText('foreign') }`
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: repository },
    bundle: true,
    write: false,
    format: 'iife',
    logLevel: 'error',
  })
  return outputFiles[0]?.text ?? ''
}

/** Who may read and change what on the relay's pages, over real sockets. */
import { mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openRelay } from '../../bin/relay.ts'

const MASTER = 'a-token-that-opens-everything'
const PROJECT = 'project-1'

type Page = { readonly status: number; readonly text: string; readonly json: () => Record<string, unknown> }

interface Pages extends AsyncDisposable {
  ask(method: string, path: string, token?: string, body?: object): Promise<Page>
}

async function openPages(tokens: readonly string[]): Promise<Pages> {
  const data = mkdtempSync(join(tmpdir(), 'tide-pages-'))
  const relay = await openRelay({ data, port: 0, httpPort: 0, tokens })
  return {
    ask: async (method, path, token, body) => {
      const answer = await fetch(`${relay.http}${path}`, {
        method,
        headers: { Connection: 'close', ...(token !== undefined && { Authorization: `Bearer ${token}` }) },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      })
      const text = await answer.text()
      return { status: answer.status, text, json: () => JSON.parse(text) as Record<string, unknown> }
    },
    [Symbol.asyncDispose]: async () => {
      await relay[Symbol.asyncDispose]()
      await rm(data, { recursive: true })
    },
  }
}

describe("the relay's pages", () => {
  it('[U57] health is for everyone; metrics, the server and tokens are for those whose token says so', async () => {
    await using pages = await openPages([MASTER])
    expect((await pages.ask('GET', '/healthz')).json()).toMatchObject({ ok: true })
    const made = async (rights: string): Promise<string> => {
      const page = await pages.ask('POST', '/api/tokens', MASTER, { project: PROJECT, rights, label: rights })
      expect(page.status).toBe(201)
      return (page.json()['token'] as { readonly token: string }).token
    }
    const [reader, writer, admin] = [await made('read'), await made('write'), await made('admin')]
    for (const path of ['/metrics', '/api/server']) {
      const asked = [undefined, 'wrong', reader, writer, admin, MASTER].map(
        async (token) => (await pages.ask('GET', path, token)).status,
      )
      const answered = await Promise.all(asked)
      expect([path, ...answered]).toEqual([path, 401, 401, 401, 401, 401, 200])
    }
    const list = `/api/tokens?project=${PROJECT}`
    const statuses = [undefined, reader, writer, admin, MASTER].map(
      async (token) => (await pages.ask('GET', list, token)).status,
    )
    expect(await Promise.all(statuses)).toEqual([401, 401, 401, 200, 200])
    expect((await pages.ask('POST', '/api/tokens', writer, { project: PROJECT, rights: 'admin' })).status).toBe(401)
    expect((await pages.ask('POST', '/api/tokens', admin, { project: 'project-2', rights: 'read' })).status).toBe(401)
    const text = (await pages.ask('GET', list, admin)).text
    expect([reader, writer, admin].filter((token) => text.includes(token))).toEqual([])
  })

  it('[U57] on this machine without tokens nobody is told the names of projects, which open them', async () => {
    await using pages = await openPages([])
    expect((await pages.ask('GET', `/api/access/${PROJECT}`)).json()).toMatchObject({ rights: 'admin' })
    await pages.ask('GET', `/api/sync/${PROJECT}`)
    const server = await pages.ask('GET', '/api/server')
    expect([server.status, server.text.includes(PROJECT)]).toEqual([200, false])
    expect(server.json()['rooms']).toMatchObject([{ project: null }])
    const metrics = await pages.ask('GET', '/metrics')
    expect(metrics.text).toMatch(/^# TYPE tidemark_rooms gauge\ntidemark_rooms 1$/m)
    expect(metrics.text).not.toContain(PROJECT)
  })

  it('[U57] a token that was revoked opens nothing, and what makes no sense is refused by name', async () => {
    await using pages = await openPages([MASTER])
    const asked = { project: PROJECT, rights: 'admin' }
    const made = (await pages.ask('POST', '/api/tokens', MASTER, asked)).json()['token'] as Record<string, string>
    const { id = '', token = '' } = made
    expect((await pages.ask('GET', `/api/access/${PROJECT}`, token)).status).toBe(200)
    expect((await pages.ask('DELETE', `/api/tokens/${id}?project=${PROJECT}`, token)).json()).toMatchObject({
      revoked: true,
    })
    expect((await pages.ask('GET', `/api/access/${PROJECT}`, token)).status).toBe(401)
    for (const body of [{}, { project: '../etc', rights: 'read' }, { project: PROJECT, rights: 'all' }]) {
      const { status, json } = await pages.ask('POST', '/api/tokens', MASTER, body)
      expect([status, json()]).toMatchObject([400, { error: { code: 'INVALID_INPUT' } }])
    }
  })
})

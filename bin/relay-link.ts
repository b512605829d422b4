/** Keeps an open project together with its relay, wherever that is by now. */
import { hostname } from 'node:os'
import { basename } from 'node:path'
import { webSocketTransport } from '../adapters/websocket/client.ts'
import { Syncing, TaskError, type Project, type Transport } from '../src/index.ts'
import { relayPlace, type RelayPlace } from './relay-place.ts'
import type { Place } from './workspace-world.ts'

/** A relay on this machine may begin at any moment. */
const LONGEST_WAIT_MS = 5_000

/** Undefined for a project that has no relay. */
export async function startSyncing(project: Project, place: Place, actor: string | null): Promise<Syncing | undefined> {
  const { config } = project.world
  if (config.relay === 'none') return undefined
  const here = (): RelayPlace | undefined => relayPlace(config, place.env)
  const transport: Transport = {
    connect: async (options) => {
      const found = here()
      if (found === undefined)
        throw new TaskError('RELAY_UNREACHABLE', { url: 'this machine', reason: 'no relay runs here' })
      const url = `${found.url}/sync/${config.project}`
      return webSocketTransport(url, place.runtime, found.token === undefined ? {} : { token: found.token }).connect(
        options,
      )
    },
    listen: () => Promise.reject(new TaskError('FAULT', { problem: 'a workspace is no relay' })),
  }
  return Syncing.start(project, transport, {
    url: () => here()?.url ?? null,
    presence: { workspace: basename(place.dir), actor, host: hostname() },
    ...(config.relay === 'auto' && { longestWaitMs: LONGEST_WAIT_MS }),
  })
}

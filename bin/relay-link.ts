/** Keeps an open project together with its relay, wherever that is by now. */
import { hostname } from 'node:os'
import { basename } from 'node:path'
import { Syncing, TaskError, type Project, type Relaying, type Transport } from '../src/index.ts'
import { BriefRelay } from './brief-relay.ts'
import { relayPlace, type RelayPlace } from './relay-place.ts'
import { relayTransport } from './relay-transport.ts'
import type { Place } from './workspace-world.ts'

/** A relay on this machine may begin at any moment. */
const LONGEST_WAIT_MS = 5_000

/** Undefined for a project that has no relay. One that is met only when asked is met as by a short command. */
export async function startSyncing(
  project: Project,
  place: Place,
  actor: string | null,
): Promise<(Relaying & Partial<AsyncDisposable>) | undefined> {
  const { config } = project.world
  if (config.relay === 'none') return undefined
  if (config.mode === 'manual') return new BriefRelay(project, place)
  const here = (): RelayPlace | undefined => relayPlace(config, place.env)
  return Syncing.start(project, transportTo(here, project, place), {
    url: () => here()?.url ?? null,
    presence: { workspace: basename(place.dir), actor, host: hostname() },
    ...(config.relay === 'auto' && { longestWaitMs: LONGEST_WAIT_MS }),
  })
}

/** One transport for as long as the place is the same: it remembers which way works. */
function transportTo(here: () => RelayPlace | undefined, { world }: Project, { runtime }: Place): Transport {
  const { project, mode } = world.config
  let known: { readonly text: string; readonly transport: Transport } | undefined
  return {
    connect: async (options) => {
      const found = here()
      if (found === undefined)
        throw new TaskError('RELAY_UNREACHABLE', { url: 'this machine', reason: 'no relay runs here' })
      const { url, http, token = null } = found
      const text = JSON.stringify(found)
      if (known?.text !== text)
        known = { text, transport: relayTransport({ url, http, project, token, mode, runtime }) }
      try {
        return await known.transport.connect(options)
      } catch (cause) {
        // A relay of this user knows the secret in its note: this is another one, in the place of one that is gone.
        const isOther = world.config.relay === 'auto' && cause instanceof TaskError && cause.code === 'RELAY_DENIED'
        throw isOther
          ? new TaskError('RELAY_UNREACHABLE', { url, reason: 'another relay listens there' }, { cause })
          : cause
      }
    },
    listen: () => Promise.reject(new TaskError('FAULT', { problem: 'a workspace is no relay' })),
  }
}

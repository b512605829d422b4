/**
 * `npm run bench [-- part…]`: our figures beside their baselines, measured in the same run. Prints tables, asserts nothing.
 * `npm run bench -- replay <repository>…` replays what happened in git repositories (replay.ts).
 */
import { claimsBench } from './claims.ts'
import { cliBench, holdWorkspace } from './cli.ts'
import { documentBench, loadDocument } from './document.ts'
import { mirrorBench } from './mirror.ts'
import { measureBody } from './mirror-bodies.ts'
import { measureImport } from './mirror-commands.ts'
import { measureLive } from './mirror-owner.ts'
import { relayBench } from './relay.ts'
import { runClients } from './relay-clients.ts'
import { replay } from './replay.ts'
import { storeBench } from './store.ts'
import { syncBench } from './sync.ts'

const [mode, ...rest] = process.argv.slice(2)

/** The same bundle runs the processes that are measured. */
const modes: Readonly<Record<string, (args: readonly string[]) => Promise<void>>> = {
  '--owner': async ([dir = '.']) => holdWorkspace(dir),
  '--load': async ([model = '', file = '']) => loadDocument(model, file),
  '--import': async ([dir = '.']) => measureImport(dir),
  '--body': async ([dir = '.', path = '']) => measureBody(dir, path),
  '--live': async ([dir = '.', size = '']) => measureLive(dir, Number(size)),
  '--relay-clients': runClients,
  replay: async (repositories) => replay(repositories),
}

const parts: Readonly<Record<string, () => Promise<void>>> = {
  claims: claimsBench,
  cli: cliBench,
  document: documentBench,
  mirror: mirrorBench,
  relay: relayBench,
  store: storeBench,
  sync: syncBench,
}

const alone = mode === undefined ? undefined : modes[mode]
const asked = process.argv.slice(2).filter((name) => !name.startsWith('-'))
const unknown = asked.filter((name) => !Object.hasOwn(parts, name))
if (alone !== undefined) await alone(rest)
else if (unknown.length > 0) {
  console.error(`bench: there is no part ${unknown.join(', ')}; parts are ${Object.keys(parts).join(', ')}`)
  process.exitCode = 2
} else {
  for (const [name, run] of Object.entries(parts)) if (asked.length === 0 || asked.includes(name)) await run()
}

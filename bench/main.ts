/** `npm run bench [-- part…]`: our figures beside their baselines, measured in the same run. Prints tables, asserts nothing. */
import { cliBench, holdWorkspace } from './cli.ts'
import { documentBench, loadDocument } from './document.ts'
import { storeBench } from './store.ts'

const [mode, ...rest] = process.argv.slice(2)

/** The same bundle runs the processes that are measured. */
const modes: Readonly<Record<string, (args: readonly string[]) => Promise<void>>> = {
  '--owner': async ([dir = '.']) => holdWorkspace(dir),
  '--load': async ([model = '', file = '']) => loadDocument(model, file),
}

const parts: Readonly<Record<string, () => Promise<void>>> = {
  cli: cliBench,
  document: documentBench,
  store: storeBench,
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

/** The background process, as its own program: dist/tide-background.mjs. Says once that it is ready, or why not. */
import { asTaskError } from '../src/index.ts'
import { runServer, type ServerProcessOptions } from './server-process.ts'
import { runUp, type UpOptions } from './up-process.ts'

const [kind, json = '{}'] = process.argv.slice(2)
const ready = (facts: object): void => void process.send?.({ ready: facts })

try {
  const options: unknown = JSON.parse(json)
  if (kind === 'up') await runUp(process.env, options as UpOptions, ready)
  else await runServer(process.env, options as ServerProcessOptions, ready)
} catch (cause) {
  const error = asTaskError(cause)
  if (process.send === undefined) process.stderr.write(`tide: ${error.message}\nhint: ${error.hint}\n`)
  else process.send({ error })
  process.exitCode = error.exit
}
if (process.connected) process.disconnect()

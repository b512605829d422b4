/** The background process, as its own program: dist/tide-background.mjs. Says once that it is ready, or why not. */
import { asTaskError } from '../src/index.ts'
import { runServer, type ServerProcessOptions } from './server-process.ts'
import { runUp, type UpOptions } from './up-process.ts'

const [kind, json = '{}'] = process.argv.slice(2)
const ready = (facts: object): void => void process.send?.({ ready: facts })

try {
  const options: unknown = JSON.parse(json)
  const ending = endOf(options as { readonly foreground?: boolean })
  if (kind === 'up') await runUp(process.env, options as UpOptions, ready, ending)
  else await runServer(process.env, options as ServerProcessOptions, ready, ending)
} catch (cause) {
  const error = asTaskError(cause)
  if (process.connected) process.send?.({ error })
  process.exitCode = error.exit
}
if (process.connected) process.disconnect()

/** Why it is to end, once. A second signal changes nothing: a terminal tells this process and the one that started it. */
function endOf({ foreground = false }: { readonly foreground?: boolean }): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => resolve(signal))
    if (foreground) process.once('disconnect', () => resolve('the command that started it is gone'))
  })
}

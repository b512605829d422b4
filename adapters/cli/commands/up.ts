/** `tide up`: keeps this workspace live in the background. Idempotent. */
import type { Started, UpReport } from '../background.ts'
import { defineCommand, type CommandDescriptor, type Common } from '../command.ts'
import { printJson, say } from '../io.ts'
import type { CliWorld } from '../world.ts'

export interface UpOptions extends Common {
  readonly foreground: boolean
}

export const command: CommandDescriptor<UpOptions> = defineCommand<UpOptions>({
  about:
    'One process per user keeps all workspaces it was started in together with their relay, and runs the local relay where no other is set. It ends with the last of them, or when nothing happens for twelve hours; with --foreground it stays.',
  examples: [
    ['tide up', 'this workspace is live from now on'],
    ['tide up && tide status', 'and who else is there'],
    ['tide up --foreground', 'for a service manager: stays until it is ended'],
  ],
  grammar: (grammar) => void grammar.option('--foreground', 'stay in this process until it is ended'),
  options: ({ common, flag }) => ({ ...common, foreground: flag('foreground') }),
  async run(options, world) {
    const background = await world.background()
    if (options.foreground) return background.upHere(options.dir, (report) => print(options, world, report))
    return print(options, world, await background.up(options.dir))
  },
})

async function print(
  options: UpOptions,
  world: CliWorld,
  report: Started<UpReport> & { readonly dir: string },
): Promise<void> {
  if (options.json) return printJson(world, { ...report })
  const { dir, pid, relay, relayProblem, workspaces } = report
  const own = workspaces.find((one) => one.dir === dir)
  const { printable } = await import('../width.ts')
  const state = own?.state === 'live' ? 'live' : `waiting (${own?.reason ?? 'not live yet'})`
  world.stdout.write(`${printable(`${state}  ${dir}`)}\n`)
  if (relayProblem !== undefined) world.stderr.write(`${printable(`no relay runs here: ${relayProblem}`)}\n`)
  say(options, world, `process ${pid}${relay === null ? '' : `, relay at ${relay}`}; see tide status`)
}

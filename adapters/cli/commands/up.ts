/** `tide up`: keeps this workspace live in the background. Idempotent. */
import { defineCommand, type CommandDescriptor, type Common } from '../command.ts'
import { printJson, say } from '../io.ts'

export interface UpOptions extends Common {
  readonly foreground: boolean
}

export const command: CommandDescriptor<UpOptions> = defineCommand<UpOptions>({
  about:
    'One process per user keeps all workspaces it was started in together with their relay, and runs the local relay where no other is set. It ends by itself when nothing happens for twelve hours.',
  examples: [
    ['tide up', 'this workspace is live from now on'],
    ['tide up && tide status', 'and who else is there'],
    ['tide up --foreground', 'for a service manager: stays until it is ended'],
  ],
  grammar: (grammar) => void grammar.option('--foreground', 'stay in this process until it is ended'),
  options: ({ common, flag }) => ({ ...common, foreground: flag('foreground') }),
  async run(options, world) {
    const background = await world.background()
    if (options.foreground) return background.upHere(options.dir)
    const report = await background.up(options.dir)
    const { dir, pid, relay, workspaces } = report
    const own = workspaces.find((one) => one.dir === dir)
    if (options.json) return printJson(world, { ...report })
    const { printable } = await import('../width.ts')
    const state = own?.state === 'waiting' ? `waiting: ${own.reason ?? 'not live yet'}` : 'live'
    world.stdout.write(`${printable(`${state}  ${dir}`)}\n`)
    say(options, world, `process ${pid}${relay === null ? '' : `, relay at ${relay}`}; see tide status`)
  },
})

/** `tide down`: takes this workspace, or with --all every one, out of the background process. */
import { defineCommand, type CommandDescriptor, type Common } from '../command.ts'
import { printJson } from '../io.ts'

export interface DownOptions extends Common {
  readonly all: boolean
}

export const command: CommandDescriptor<DownOptions> = defineCommand<DownOptions>({
  about: 'Nothing is lost: what is not sent yet waits in the workspace. Commands work on without the process.',
  examples: [
    ['tide down', 'this workspace only'],
    ['tide down --all', 'ends the process and the relay that runs in it'],
  ],
  grammar: (grammar) => void grammar.option('--all', 'all workspaces, and the process itself'),
  options: ({ common, flag }) => ({ ...common, all: flag('all') }),
  async run(options, world) {
    const background = await world.background()
    if (options.all) {
      const report = await background.downAll()
      if (options.json) printJson(world, { stopped: report !== null, pid: report?.pid ?? null })
      else world.stdout.write(report === null ? 'nothing runs in the background\n' : `ended  process ${report.pid}\n`)
      return
    }
    const report = await background.down(options.dir)
    if (options.json) return printJson(world, { stopped: report?.wasLive ?? false, dir: report?.dir ?? null })
    const { printable } = await import('../width.ts')
    const words =
      report === null ? 'nothing runs in the background' : `${report.wasLive ? 'down' : 'was not live'}  ${report.dir}`
    world.stdout.write(`${printable(words)}\n`)
  },
})

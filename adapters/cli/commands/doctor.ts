/** `tide doctor`: is everything whole? Exits with 1 where it is not. */
import type { DoctorReport } from '../../../src/internal.ts'
import { defineCommand, type CommandDescriptor, type Common } from '../command.ts'
import { callWorkspace, printJson } from '../io.ts'
import { paint, type Colour } from '../paint.ts'

const UNHEALTHY_EXIT = 1

export interface DoctorOptions extends Common {
  readonly fix: boolean
}

const colours: Readonly<Record<DoctorReport['checks'][number]['state'], Colour>> = {
  ok: 'green',
  fixed: 'yellow',
  problem: 'red',
}

export const command: CommandDescriptor<DoctorOptions> = defineCommand<DoctorOptions>({
  writes: true,
  about: 'Exits with 1 where a problem is left. --fix rebuilds what can be rebuilt and throws nothing away.',
  examples: [
    ['tide doctor', 'looks, changes nothing'],
    ['tide doctor --fix', 'mends what it can'],
  ],
  grammar(grammar) {
    grammar.option('--fix', 'mend what can be mended')
  },
  options: ({ common, flag }) => ({ ...common, fix: flag('fix') }),
  async run(options, world) {
    const report = await callWorkspace(options, world, 'workspace.doctor', { fix: options.fix })
    if (options.json) printJson(world, { ...report })
    else {
      const { printable } = await import('../width.ts')
      const lines = report.checks.map(({ name, state, message }) => {
        const word = paint(state.padEnd('problem'.length), colours[state], world.stdout.colour)
        return `${word}  ${printable(name)}: ${printable(message)}\n`
      })
      world.stdout.write(lines.join(''))
    }
    return report.healthy ? 0 : UNHEALTHY_EXIT
  },
})

/** `tide conflicts`: values that lost a race, kept until someone settles them. */
import type { ConflictValue, ConflictView } from '../../../src/internal.ts'
import { defineCommand, type CommandDescriptor, type Common } from '../command.ts'
import { callWorkspace, printJson, say } from '../io.ts'
import { parseKey } from '../values.ts'
import type { Output } from '../world.ts'

export interface ConflictsOptions extends Common {
  readonly key?: string
}

export const command: CommandDescriptor<ConflictsOptions> = defineCommand<ConflictsOptions>({
  about:
    'Number 0 is the value shown. On a pipe tab-separated: key, field, number, value (JSON), time, workspace, origin.',
  examples: [
    ['tide conflicts', 'of all tasks'],
    ['tide conflicts T-12', 'of one'],
    ['tide resolve T-12 status --take 1', 'settles one'],
  ],
  grammar(grammar) {
    grammar.argument('[key]', 'one task (default: all)')
  },
  options: ({ common, words: [key] }) => ({ ...common, ...(key !== undefined && { key: parseKey(key) }) }),
  async run(options, world) {
    const params = options.key === undefined ? {} : { key: options.key }
    const { conflicts } = await callWorkspace(options, world, 'conflicts.list', params)
    if (options.json) return printJson(world, { conflicts })
    if (conflicts.length === 0) return say(options, world, 'no conflicts')
    world.stdout.write(await conflictText(conflicts, world.stdout))
    say(options, world, 'settle one with: tide resolve <key> <field> --take <n>')
  },
})

async function conflictText(conflicts: readonly ConflictView[], stdout: Output): Promise<string> {
  const [{ moment, valueText }, { printable }] = await Promise.all([import('../detail.ts'), import('../width.ts')])
  const pipeLine = ({ key, field }: ConflictView, { n, value, at, by, origin }: ConflictValue): string =>
    [key, field, String(n), JSON.stringify(value), at, by, origin].map(printable).join('\t')
  const terminalLine = ({ n, value, at, by, origin }: ConflictValue): string =>
    `  ${n}${n === 0 ? ' (shown)' : ''}  ${valueText(value)}  ${moment(at)}  ${printable(by)}, ${printable(origin)}`
  const lines = conflicts.flatMap((conflict) =>
    stdout.isTerminal
      ? [`${printable(conflict.key)}  ${printable(conflict.field)}`, ...conflict.values.map(terminalLine)]
      : conflict.values.map((value) => pipeLine(conflict, value)),
  )
  return lines.map((line) => `${line}\n`).join('')
}

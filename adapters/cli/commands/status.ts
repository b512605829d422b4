/** `tide status`: the state of the workspace in a few lines. Problems are told, they are not a failure. */
import type { StatusReport } from '../../../src/internal.ts'
import { defineCommand, type CommandDescriptor, type Common } from '../command.ts'
import { callWorkspace, printJson } from '../io.ts'
import { relayText } from '../relay-text.ts'

export const command: CommandDescriptor<Common> = defineCommand<Common>({
  about: 'Exits with 0 also where there are problems; tide doctor exits with 1 then.',
  examples: [
    ['tide status', 'for people'],
    ['tide status --json | jq .unsynced', 'for a program'],
  ],
  grammar: () => undefined,
  options: ({ common }) => common,
  async run(options, world) {
    const report = await callWorkspace(options, world, 'workspace.status', {})
    if (options.json) return printJson(world, { ...report })
    const [{ moment }, { printable }] = await Promise.all([import('../detail.ts'), import('../width.ts')])
    world.stdout.write(
      statusText(report, moment)
        .map((line) => `${printable(line)}\n`)
        .join(''),
    )
  },
})

function statusText(report: StatusReport, moment: (at: string) => string): readonly string[] {
  const { workspace, owner, relay, unsynced, conflicts, problems } = report
  return [
    `workspace  ${workspace.dir}`,
    `project    ${workspace.project}, ${workspace.format} format`,
    `tasks      ${workspace.tasks}`,
    `owner      ${owner === null ? 'none: each command opens the store itself' : `process ${owner.pid} since ${moment(owner.since)}`}`,
    `relay      ${relayText(relay, unsynced)}`,
    `unsynced   ${unsynced}`,
    ...relay.others.map(
      ({ workspace: name, actor, host }) =>
        `others     ${name}${actor === null ? '' : `, ${actor}`}${host === undefined ? '' : ` on ${host}`}`,
    ),
    `conflicts  ${conflicts}${conflicts === 0 ? '' : ': see tide conflicts'}`,
    `problems   ${problems.length}`,
    ...problems.map(({ path, code, message }) => `  ${path === null ? '' : `${path}: `}${message} (${code})`),
  ]
}

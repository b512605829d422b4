/** `tide sync`: one exchange with the task files and the relay. Exits with 4 where a file could not be taken in. */
import type { SyncReport } from '../../../src/internal.ts'
import { defineCommand, type CommandDescriptor, type Common } from '../command.ts'
import { callWorkspace, printJson, say } from '../io.ts'
import { relayText } from '../relay-text.ts'
import { durationIn } from '../values.ts'

const REFUSED_EXIT = 4
/** What is written here is saved here; it is not there yet. */
const EXITS: Partial<Record<SyncReport['relay']['state'], number>> = { unreachable: 5, denied: 7 }
/** Not refused: done when the merge or rebase is over. */
const WAITS = 'FILES_WAIT'

export interface SyncOptions extends Common {
  readonly force: boolean
  readonly takeFiles: boolean
  readonly wait: boolean
  readonly timeoutMs?: number
}

export const command: CommandDescriptor<SyncOptions> = defineCommand<SyncOptions>({
  writes: true,
  about:
    'Exits with 4 where a file is left alone, with 5 where the relay of the project cannot be reached, with 7 where it lets nobody in; what is written is safe here all the same. Discards nothing.',
  examples: [
    ['tide sync', 'takes in what was edited, writes what is behind'],
    ['tide sync --wait', "returns when everything is on the relay's disk, or says why not"],
    ['tide sync --force', 'reads every file, whatever its size and time say'],
    ['tide sync --take-files', 'a checkout of older files, or files removed in bulk, is what you mean'],
  ],
  grammar(grammar) {
    grammar
      .option('--force', 'trust no size and no time: read every file')
      .option('--wait', 'return only when the relay has everything on its disk')
      .option('--timeout <time>', 'how long that may take: 30s, 2m (default: 30s)')
      .option('--take-files', 'take older and missing files as edits, as version control left them')
  },
  options({ common, flag, text }) {
    const timeoutMs = durationIn('--timeout', text('timeout'))
    return {
      ...common,
      force: flag('force'),
      takeFiles: flag('takeFiles'),
      wait: flag('wait'),
      ...(timeoutMs !== undefined && { timeoutMs }),
    }
  },
  async run(options, world) {
    const { force, takeFiles, wait, timeoutMs } = options
    const asked = { force, takeFiles, wait, ...(timeoutMs !== undefined && { timeoutMs }) }
    const report = await callWorkspace(options, world, 'workspace.sync', asked)
    const { files, relay, unsynced, problems } = report
    if (options.json) printJson(world, { files, relay, unsynced, problems })
    else {
      const { printable } = await import('../width.ts')
      world.stdout.write(
        linesOf(report)
          .map((line) => `${printable(line)}\n`)
          .join(''),
      )
      if (problems.length === 0) say(options, world, 'files and tasks say the same')
    }
    if (problems.some(({ code }) => code !== WAITS)) return REFUSED_EXIT
    return EXITS[relay.state] ?? 0
  },
})

function linesOf({ files, relay, unsynced, problems }: SyncReport): readonly string[] {
  return [
    `read     ${files.imported}`,
    `written  ${files.written}`,
    ...(relay.state === 'none' ? [] : [`relay    ${relayText(relay, unsynced)}`]),
    ...problems.map(({ path, code, message }) => `${path === null ? '' : `${path}: `}${message} (${code})`),
  ]
}

/** `tide sync`: one exchange with the task files. Exits with 4 where a file could not be taken in. */
import type { SyncReport } from '../../../src/internal.ts'
import { defineCommand, type CommandDescriptor, type Common } from '../command.ts'
import { callWorkspace, printJson, say } from '../io.ts'

const REFUSED_EXIT = 4
/** Not refused: done when the merge or rebase is over. */
const WAITS = 'FILES_WAIT'

export interface SyncOptions extends Common {
  readonly force: boolean
  readonly takeFiles: boolean
}

export const command: CommandDescriptor<SyncOptions> = defineCommand<SyncOptions>({
  writes: true,
  about:
    'Every command does this by itself first. Exits with 4 where a file is left alone, and says why. Discards nothing.',
  examples: [
    ['tide sync', 'takes in what was edited, writes what is behind'],
    ['tide sync --force', 'reads every file, whatever its size and time say'],
    ['tide sync --take-files', 'a checkout of older files, or files removed in bulk, is what you mean'],
  ],
  grammar(grammar) {
    grammar
      .option('--force', 'trust no size and no time: read every file')
      .option('--take-files', 'take older and missing files as edits, as version control left them')
  },
  options: ({ common, flag }) => ({ ...common, force: flag('force'), takeFiles: flag('takeFiles') }),
  async run(options, world) {
    const { force, takeFiles } = options
    const report = await callWorkspace(options, world, 'workspace.sync', { force, takeFiles })
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
    return problems.every(({ code }) => code === WAITS) ? 0 : REFUSED_EXIT
  },
})

function linesOf({ files, problems }: SyncReport): readonly string[] {
  return [
    `read     ${files.imported}`,
    `written  ${files.written}`,
    ...problems.map(({ path, code, message }) => `${path === null ? '' : `${path}: `}${message} (${code})`),
  ]
}

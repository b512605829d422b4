/** `tide backup`: the whole project's state and history in one new file. */
import { Buffer } from 'node:buffer'
import { resolve } from 'node:path'
import { defineCommand, type CommandDescriptor, type Common } from '../command.ts'
import { callWorkspace, printJson, say } from '../io.ts'
import { refuse } from '../values.ts'

export interface FileOptions extends Common {
  /** As typed: it is found from where the command runs, not from --dir. */
  readonly file: string
}

export const command: CommandDescriptor<FileOptions> = defineCommand<FileOptions>({
  about: 'Never replaces a file. Prints the path.',
  examples: [
    ['tide backup ../shop-2026-12-01.tide', 'a file that is not there yet'],
    ['tide recover ../shop-2026-12-01.tide', 'brings it back'],
  ],
  grammar(grammar) {
    grammar.argument('<file>', 'where to write it')
  },
  options: ({ common, words: [file] }) => ({ ...common, file: parseFile(file) }),
  async run(options, world) {
    const path = resolve(world.cwd, options.file)
    const { backup } = await callWorkspace(options, world, 'workspace.backup', {})
    const bytes = Buffer.from(backup, 'base64')
    await world.writeNewFile(path, bytes)
    if (options.json) return printJson(world, { path, bytes: bytes.length })
    world.stdout.write(`${(await import('../width.ts')).printable(path)}\n`)
    say(options, world, `wrote ${bytes.length} bytes`)
  },
})

export function parseFile(file: string | undefined): string {
  if (file !== undefined && file.trim() !== '' && !file.includes('\0')) return file
  throw refuse('file', 'it is empty', 'name a file, as in ../project.tide')
}

/** `tide recover`: a backup merged back in; nothing that is here is lost. */
import { Buffer } from 'node:buffer'
import { resolve } from 'node:path'
import { parseBackup, TaskError } from '../../../src/internal.ts'
import { defineCommand, type CommandDescriptor } from '../command.ts'
import { callWorkspace, printJson, say } from '../io.ts'
import type { CliWorld } from '../world.ts'
import { parseFile, type FileOptions } from './backup.ts'

export const command: CommandDescriptor<FileOptions> = defineCommand<FileOptions>({
  writes: true,
  about:
    'Merges: newer values here stay, and what differs is listed by tide conflicts. A directory that is no workspace becomes the one that was backed up. Prints how many tasks changed.',
  examples: [
    ['tide recover ../shop-2026-12-01.tide', 'into this workspace'],
    ['tide recover shop.tide --dir ../new', 'into a new one, with its settings'],
  ],
  grammar(grammar) {
    grammar.argument('<file>', 'what tide backup wrote')
  },
  options: ({ common, words: [file] }) => ({ ...common, file: parseFile(file) }),
  async run(options, world) {
    const bytes = await world.readFile(resolve(world.cwd, options.file))
    if (!(await isWorkspace(options.dir, world))) {
      await world.init({ dir: options.dir, settings: parseBackup(bytes, options.file).config })
    }
    const backup = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
    const { tasks, changed } = await callWorkspace(options, world, 'workspace.recover', { backup }).catch(
      (cause: unknown) => {
        // The workspace was handed bytes; the person named a file.
        const isSpoilt = cause instanceof TaskError && cause.code === 'BACKUP_INVALID'
        throw isSpoilt ? new TaskError(cause.code, { ...cause.details, path: options.file }, { cause }) : cause
      },
    )
    if (options.json) return printJson(world, { tasks, changed })
    world.stdout.write(`${changed}\n`)
    say(options, world, `the backup has ${tasks} tasks; ${changed} changed here`)
  },
})

async function isWorkspace(dir: string, world: CliWorld): Promise<boolean> {
  try {
    await world.readConfig(dir)
    return true
  } catch (cause) {
    if (cause instanceof TaskError && cause.code === 'NOT_A_WORKSPACE') return false
    throw cause
  }
}

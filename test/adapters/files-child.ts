/** Writes files without end until it is killed, or races others for two hundred names. */
import { openFiles } from '../../adapters/node/files.ts'

const say = (line: string): void => void process.stdout.write(`${line}\n`)

/** One file again and again, whole texts of two sizes; a line for each. */
async function write(root: string): Promise<void> {
  const files = openFiles(root)
  for (let round = 0; ; round++) {
    const before = await files.read('a.md')
    const bytes = new Uint8Array(300_000 + (round % 2)).fill(round % 251)
    say(await files.write('a.md', bytes, before?.bytes ?? null))
  }
}

/** New files of the names that others make too; says how many it made. */
async function create(root: string): Promise<void> {
  const files = openFiles(root)
  say('ready')
  await new Promise((resolve) => process.stdin.once('end', resolve).resume())
  let made = 0
  for (let number = 0; number < 200; number++) {
    if ((await files.write(`new/${number}.md`, new Uint8Array(10), null)) === 'written') made++
  }
  say(String(made))
}

const [, , verb, root = ''] = process.argv
void (verb === 'write' ? write(root) : create(root))

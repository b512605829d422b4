/** Writes docs/cli.md from the help of the built command. `--print` writes to stdout instead, for the test that compares. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const root = fileURLToPath(new URL('..', import.meta.url))
const command = join(root, 'dist', 'tide.cjs')

if (!existsSync(command)) {
  console.error('dist/tide.cjs is not there: run `npm run build` first')
  process.exit(1)
}

// Away from any workspace, so that the help cannot depend on one.
const folder = await mkdtemp(join(tmpdir(), 'tidemark-help-'))
const commands = await walk([])
await rm(folder, { recursive: true, force: true })
if (commands.length === 0) {
  console.error('`tide --help` did not begin with `Usage: tide`: nothing was written')
  process.exit(1)
}
const text = page(commands)

if (process.argv.includes('--print')) process.stdout.write(text)
else await writeFile(join(root, 'docs', 'cli.md'), text)

/** The help of one command and, depth first in the order of the help, of those below it. */
async function walk(words) {
  const help = await helpOf(words).catch(() => '')
  // Commander answers an unknown name with the help of the command above: then the line was prose, and no command.
  const usage = new RegExp(
    `^Usage: (?:tide|tidemark)${words.map((word) => ` ${word}(?:\\|\\S+)?`).join('')}(?: |$)`,
    'm',
  )
  if (!usage.test(help)) return []
  const below = await Promise.all(commandsIn(help).map((name) => walk([...words, name])))
  return [{ words, help }, ...below.flat()]
}

async function helpOf(words) {
  const env = { ...process.env, NO_COLOR: '1', COLUMNS: '100' }
  const { stdout } = await run(process.execPath, [command, ...words, '--help'], { cwd: folder, env })
  return stdout.replace(/\r\n/g, '\n').trimEnd()
}

/** Commander lists commands under headings that end with a colon; those of options and arguments are not commands. */
function commandsIn(help) {
  const names = []
  let listing = false
  for (const line of help.split('\n')) {
    const heading = /^(\S.*):$/.exec(line)
    if (heading) listing = !/options|arguments|examples?$/i.test(heading[1])
    const entry = /^ {2}([a-z][a-z-]*)(?=[ |]|$)/.exec(line)
    if (listing && entry && entry[1] !== 'help') names.push(entry[1])
  }
  return [...new Set(names)]
}

function page(found) {
  const sections = found.map(({ words, help }) => {
    const title = ['tide', ...words].join(' ')
    return `## ${title}\n\n\`\`\`text\n${help}\n\`\`\`\n`
  })
  return `# The command line

<!-- Generated from the command's own help by \`npm run build && node scripts/cli-docs.mjs\`. A test compares. -->

Every command, as its \`--help\` says it. Exit codes and errors: [errors.md](errors.md).

${sections.join('\n')}`
}

/** `tide join`: connects this directory to a team's relay. */
import { defineCommand, type CommandDescriptor, type Common } from '../command.ts'
import { printJson, say } from '../io.ts'
import { misuse } from '../values.ts'

export interface JoinOptions extends Common {
  readonly url: string
  readonly project?: string
  readonly tokenFile?: string
}

export const command: CommandDescriptor<JoinOptions> = defineCommand<JoinOptions>({
  about:
    "The address may name the project: wss://host:5173/sync/<project>. In a directory that is no workspace yet it has to, and one is made. The token is kept in this user's state folder, never in the workspace.",
  examples: [
    ['tide join wss://relay.example:5173 --token-file token', 'this workspace, with a token from a file'],
    [
      'tide join wss://relay.example:5173/sync/k3v9x0c2m4n6p8q1 --token-file - < token',
      'a new workspace, the token from a pipe',
    ],
  ],
  grammar(grammar) {
    grammar
      .argument('<url>', 'the address of the relay')
      .option('--project <id>', 'the project, where the address does not name it')
      .option('--token-file <file>', 'the file that holds the token (- is standard input)')
  },
  options({ common, words: [url], text }) {
    if (url === undefined || url === '') throw misuse('join', 'the address of a relay is missing')
    const [project, tokenFile] = [text('project'), text('tokenFile')]
    return { ...common, url, ...(project !== undefined && { project }), ...(tokenFile !== undefined && { tokenFile }) }
  },
  async run(options, world) {
    const { url, project, tokenFile } = options
    const token = tokenFile === undefined ? undefined : await readToken(tokenFile, world)
    const background = await world.background()
    const joined = await background.join(options.dir, {
      url,
      ...(token !== undefined && { token }),
      ...(project !== undefined && { project }),
    })
    if (options.json) return printJson(world, { ...joined })
    const { printable } = await import('../width.ts')
    world.stdout.write(`${printable(`joined  ${joined.project} at ${joined.url}`)}\n`)
    say(options, world, 'tidemark.json names the relay now: commit it. Run tide up to stay connected')
  },
})

async function readToken(file: string, world: Parameters<typeof command.run>[1]): Promise<string> {
  const text = file === '-' ? await world.readInput() : new TextDecoder().decode(await world.readFile(file))
  const token = text.trim()
  if (token === '') throw misuse('join', `${file} holds no token`)
  return token
}

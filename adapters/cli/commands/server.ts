/** `tide server`: the relay where workspaces meet, by itself. `tide up` runs one when none is there. */
import type { ServerOptions, ServerReport } from '../background.ts'
import { collect } from '../grammar.ts'
import { defineCommand, type CommandDescriptor, type Common } from '../command.ts'
import { printJson } from '../io.ts'
import { misuse, quote, refuse } from '../values.ts'
import type { CliWorld } from '../world.ts'

const ACTIONS = ['start', 'stop', 'status'] as const
type Action = (typeof ACTIONS)[number]

export interface ServerCommandOptions extends Common {
  readonly action: Action
  readonly foreground: boolean
  readonly server: ServerOptions
}

export const command: CommandDescriptor<ServerCommandOptions> = defineCommand<ServerCommandOptions>({
  about:
    'Listens on this machine only, unless --host names another address and --token-file a file with a token. With --cert and --key it speaks TLS.',
  examples: [
    ['tide server start', 'in the background, ports 5173 and 5174'],
    ['tide server start --host 0.0.0.0 --token-file token --cert c.pem --key k.pem', 'for a team'],
    ['tide server start --foreground', 'for a service manager'],
    ['tide server status --json', 'who is connected, what it has done'],
  ],
  grammar(grammar) {
    grammar
      .argument('<action>', 'start, stop or status')
      .option('--host <address>', 'where to listen (default: 127.0.0.1)')
      .option('--port <number>', 'WebSockets and pages (default: 5173)')
      .option('--http-port <number>', 'pages only (default: 5174)')
      .option('--data <dir>', 'the folder of its store')
      .option('--token-file <file>', 'a file whose lines are tokens that open everything')
      .option('--cert <file>', 'certificate in PEM')
      .option('--key <file>', 'its key in PEM')
      .option('--origin <origin>', 'a web page that may connect; may be repeated', collect)
      .option('--foreground', 'stay in this process until it is ended')
  },
  options({ common, words: [action = ''], text, texts, flag }) {
    if (!isAction(action)) throw misuse('server', `${quote(action)} is none of start, stop, status`)
    const port = portIn('--port', text('port'))
    const httpPort = portIn('--http-port', text('httpPort'))
    const [host, data, tokenFile, cert, key] = ['host', 'data', 'tokenFile', 'cert', 'key'].map(text)
    if ((cert === undefined) !== (key === undefined)) throw misuse('server', '--cert and --key belong together')
    const server: ServerOptions = {
      ...(host !== undefined && { host }),
      ...(port !== undefined && { port }),
      ...(httpPort !== undefined && { httpPort }),
      ...(data !== undefined && { data }),
      ...(tokenFile !== undefined && { tokenFile }),
      ...(cert !== undefined && { cert }),
      ...(key !== undefined && { key }),
      ...(texts('origin').length > 0 && { origins: texts('origin') }),
    }
    return { ...common, action, foreground: flag('foreground'), server }
  },
  async run(options, world) {
    const background = await world.background()
    switch (options.action) {
      case 'start':
        if (options.foreground) return background.serveHere(options.server, (report) => print(options, world, report))
        return print(options, world, await background.startServer(options.server))
      case 'stop':
        return printEnd(options, world, await background.stopServer())
      case 'status':
        return print(options, world, await background.serverStatus())
    }
  },
})

function isAction(word: string): word is Action {
  return ACTIONS.some((action) => action === word)
}

function portIn(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text)
  throw refuse(name, `${quote(text)} is not a port`, 'give a number from 0 to 65535; 0 is any free one')
}

async function print({ json }: Common, world: CliWorld, report: ServerReport): Promise<void> {
  if (json) return printJson(world, { ...report })
  const { printable } = await import('../width.ts')
  world.stdout.write(
    linesOf(report)
      .map((line) => `${printable(line)}\n`)
      .join(''),
  )
}

async function printEnd(
  options: Common,
  world: CliWorld,
  report: ServerReport & { readonly ended: number | null },
): Promise<void> {
  if (options.json || report.ended === null) return print(options, world, report)
  world.stdout.write(`ended  process ${report.ended}\n`)
}

function linesOf({ running, url, http, pid, version, since, by, rooms, counters }: ServerReport): readonly string[] {
  if (!running) return ['no relay runs on this machine']
  return [
    `relay        ${url ?? ''}`,
    `pages        ${http ?? ''}`,
    `process      ${pid ?? ''}, ${by ?? ''} ${version ?? ''}, since ${since ?? ''}`,
    `connections  ${counters['connected'] ?? 0}`,
    `projects     ${rooms.length}`,
    ...rooms.map(({ project, connections }) => `  ${project ?? 'one'}  ${connections}`),
  ]
}

/** `tide demo`: the main job, by real commands in a folder of its own, which is gone afterwards. Each step is checked. */
import { TaskError } from '../../../src/internal.ts'
import { defineCommand, type CommandDescriptor, type Common } from '../command.ts'
import { demoSteps, type DemoStep } from '../demo-steps.ts'
import { printJson } from '../io.ts'
import type { CliWorld, Output } from '../world.ts'

interface Played {
  readonly about: string
  readonly command: string
  readonly output: string
}

const INDENT = '    '
const DEFAULT_WIDTH = 80

export const command: CommandDescriptor<Common> = defineCommand<Common>({
  about: 'Takes a second or two, needs no workspace, touches none, and leaves nothing behind.',
  examples: [['tide demo', 'watch it']],
  grammar: () => undefined,
  options: ({ common }) => common,
  async run(options, world) {
    const played: Played[] = []
    const tell = (text: string): void => {
      if (!options.json) world.stdout.write(text)
    }
    tell('Every line after $ is a real command, run in a folder of its own.\n')
    await playAll(world, options.json, (step) => {
      played.push(step)
      tell(`\n${step.about}\n  $ ${step.command}\n${indented(step.output)}`)
    })
    if (options.json) return printJson(world, { steps: played })
    tell('\nThe folder is gone again. All this was one workspace on one machine,\n')
    tell('with nothing running in the background. Your turn: tide init, then tide help.\n')
  },
})

async function playAll(world: CliWorld, json: boolean, onPlayed: (step: Played) => void): Promise<void> {
  await using scratch = await world.scratch()
  const keys: string[] = []
  for (const step of demoSteps) {
    const args = step.args.map((word) => withKeys(word, keys))
    const { exit, output } = await play(args, scratch.dir, world, json)
    onPlayed({ about: step.about, command: ['tide', ...args.map(shellWord)].join(' '), output })
    checkStep(step, keys, exit, output)
    if (step.args[0] === 'add') keys.push(output.split('\n')[0] ?? '')
  }
}

async function play(
  args: readonly string[],
  dir: string,
  world: CliWorld,
  json: boolean,
): Promise<{ exit: number; output: string }> {
  // Loaded here, because the program loads this command.
  const { runProgram } = await import('../program.ts')
  let output = ''
  const sink: Output = {
    write: (text) => {
      output += typeof text === 'string' ? text : new TextDecoder().decode(text)
    },
    // For people, also where they read it in a log: tables and words, as on a terminal.
    isTerminal: !json,
    columns:
      (world.stdout.isTerminal && world.stdout.columns > 0 ? world.stdout.columns : DEFAULT_WIDTH) - INDENT.length,
    colour: world.stdout.colour && !json,
  }
  const exit = await runProgram(worldWithin(world, args, dir, sink))
  return { exit, output }
}

/** The same world seen from the scratch folder; member by member, because a world may be an object of any make. */
function worldWithin(world: CliWorld, args: readonly string[], dir: string, sink: Output): CliWorld {
  return {
    args,
    cwd: dir,
    version: world.version,
    env: world.env,
    stdout: sink,
    stderr: sink,
    inputIsTerminal: false,
    readInput: () => Promise.resolve(''),
    ask: () => Promise.resolve(undefined),
    open: (...rest) => world.open(...rest),
    background: () => world.background(),
    list: (...rest) => world.list(...rest),
    search: (...rest) => world.search(...rest),
    init: (...rest) => world.init(...rest),
    readConfig: (...rest) => world.readConfig(...rest),
    writeConfig: (...rest) => world.writeConfig(...rest),
    edit: (...rest) => world.edit(...rest),
    program: (...rest) => world.program(...rest),
    now: () => world.now(),
    sleep: (...rest) => world.sleep(...rest),
    readFile: (...rest) => world.readFile(...rest),
    writeNewFile: (...rest) => world.writeNewFile(...rest),
    scratch: () => world.scratch(),
  }
}

/** A demo that shows something else than it says would be worse than none. */
function checkStep(
  { args, shows, hides, exit: expected = 0 }: DemoStep,
  keys: readonly string[],
  exit: number,
  output: string,
): void {
  const missing = shows !== undefined && !output.includes(withKeys(shows, keys))
  const stray = hides !== undefined && output.includes(withKeys(hides, keys))
  if (exit !== expected || missing || stray)
    throw new TaskError('FAULT', { problem: `the demo went wrong at: tide ${args.join(' ')}` })
}

/** `{1}` is the key that the first `add` printed. */
function withKeys(text: string, keys: readonly string[]): string {
  return text.replace(/\{(\d)\}/g, (_, number: string) => keys[Number(number) - 1] ?? '')
}

function shellWord(word: string): string {
  return /^[\w.,:=+-]+$/.test(word) ? word : `"${word}"`
}

function indented(text: string): string {
  return text.replace(/^(?=.)/gm, INDENT)
}

/**
 * Commands run in this process, by the program that the built command is made of: for what a test needs before it begins,
 * and for what other tests see done by processes. A tenth of the price of a process.
 */
import { performance } from 'node:perf_hooks'
import { runProgram } from '../../adapters/cli/program.ts'
import type { CliWorld, Output } from '../../adapters/cli/world.ts'
import { nodeRuntime } from '../../adapters/node/runtime.ts'
import { backgroundOf } from '../../bin/background-client.ts'
import { list, search } from '../../bin/lister.ts'
import { openBriefly } from '../../bin/open.ts'
import { initialise } from '../../bin/settings.ts'
import { actorNameFrom, findWorkspace, placeOf } from '../../bin/workspace-world.ts'
import { realWorld } from '../../bin/world.ts'
import type { Environment, Ran } from './support.ts'

export async function runHere(args: readonly string[], cwd: string, env: Environment): Promise<Ran> {
  const [out, err] = [collected(), collected()]
  const real = realWorld(args)
  const world: CliWorld = {
    ...real,
    cwd,
    env,
    stdout: out.output,
    stderr: err.output,
    open: async (dir, { actor } = {}) => openBriefly(placeOf(findWorkspace(dir), env), actor ?? actorNameFrom(env)),
    list: (dir, filter) => list(placeOf(findWorkspace(dir), env), filter),
    init: (options) => initialise(options, nodeRuntime(), env),
    background: async () => backgroundOf(env),
    search: (dir, words, options) => search(placeOf(findWorkspace(dir), env), words, options),
  }
  const began = performance.now()
  const exit = await runProgram(world)
  return { args, exit, signal: null, out: out.text(), err: err.text(), ms: performance.now() - began }
}

function collected(): { readonly output: Output; readonly text: () => string } {
  const parts: Uint8Array[] = []
  const write = (text: string | Uint8Array): void => void parts.push(Buffer.from(text))
  return {
    output: { write, isTerminal: false, columns: 80, colour: false },
    text: () => Buffer.concat(parts).toString(),
  }
}

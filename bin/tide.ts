/** The command, as a function of its arguments: dist/tide.cjs loads this file's bundle and calls it. */
import { runProgram } from '../adapters/cli/program.ts'
import { realWorld } from './world.ts'

export async function main(args: readonly string[] = process.argv.slice(2)): Promise<void> {
  process.exitCode = await runProgram(realWorld(args))
}

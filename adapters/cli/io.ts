/** What commands share when they talk: JSON documents, words for people, and one call on a workspace. */
import type { MethodName, Params, Result } from '../../src/internal.ts'
import type { Common } from './command.ts'
import type { CliWorld } from './world.ts'

/** Pieces are joined up to this size: a write per task is slow, one string of everything is large. */
const CHUNK_LENGTH = 64 * 1024

export function printJson(world: CliWorld, fields: Readonly<Record<string, unknown>>): void {
  world.stdout.write(`${JSON.stringify({ schema: 1, ...fields })}\n`)
}

/** All or nothing: what fails halfway through making the pieces must not leave half a document behind. */
export function printPieces(world: CliWorld, pieces: Iterable<string | Uint8Array>): void {
  const chunks: (string | Uint8Array)[] = []
  let text = ''
  for (const piece of pieces) {
    if (typeof piece === 'string') text += piece
    if (text !== '' && (typeof piece !== 'string' || text.length >= CHUNK_LENGTH)) {
      chunks.push(text)
      text = ''
    }
    if (typeof piece !== 'string') chunks.push(piece)
  }
  for (const chunk of chunks) world.stdout.write(chunk)
  world.stdout.write(`${text}\n`)
}

/** Words for the person at the terminal; scripts read results only. */
export function say(common: Common, world: CliWorld, words: string): void {
  if (world.stderr.isTerminal && !common.json) world.stderr.write(`${words}\n`)
}

/** One method on the workspace that `common` names. It is closed before anything is printed, so that a failure to close is told alone. */
export async function callWorkspace<Name extends MethodName>(
  common: Common,
  world: CliWorld,
  method: Name,
  params: Params<Name>,
): Promise<Result<Name>> {
  await using workspace = await world.open(common.dir, common.actor === undefined ? {} : { actor: common.actor })
  return await workspace.call(method, params)
}

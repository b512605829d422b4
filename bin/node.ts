/** `tidemark/node`: a workspace on this machine, for programs that embed it. */
import { resolve } from 'node:path'
import { createWorkspace, type Workspace } from '../src/index.ts'
import { openOwned } from './owned.ts'
import { actorNameFrom, findWorkspace, placeOf } from './workspace-world.ts'

export type { Workspace } from '../src/index.ts'

export interface OpenOptions {
  /** Where the workspace is, or below it. @default the current directory */
  readonly dir?: string
  /** The person or agent that changes are made for. @default the user's name */
  readonly actor?: string
}

/**
 * Opens a workspace and holds it: commands and other programs are answered through this process until it is disposed.
 * If another process holds it already, this one is its guest. Starts nothing else and leaves nothing behind.
 */
export async function openWorkspace({ dir = '.', actor }: OpenOptions = {}): Promise<Workspace> {
  const { env } = process
  const place = placeOf(findWorkspace(resolve(dir)), env)
  return createWorkspace(await openOwned(place, actor ?? actorNameFrom(env)))
}

/** Makes `dir` a workspace; changes nothing where it is one. */
export async function initWorkspace(options: {
  readonly dir: string
  readonly prefix?: string
  readonly relay?: string
}): Promise<void> {
  const [{ initialise }, { nodeRuntime }] = await Promise.all([
    import('./settings.ts'),
    import('../adapters/node/runtime.ts'),
  ])
  await initialise(options, nodeRuntime())
}

/** A project on the memory twins: what a workspace does, without a disk. */
import { createMemoryDisk, openMemoryStore, type MemoryDisk } from '../../adapters/memory/store.ts'
import { memoryRuntime, type MemoryRuntime } from '../../adapters/memory/runtime.ts'
import { memoryFiles, type MemoryFiles } from '../../adapters/memory/files.ts'
import { memoryRepository, type MemoryRepository } from '../../adapters/memory/repository.ts'
import { memorySummaryFiles } from '../../adapters/memory/summary.ts'
import { nativeFormat } from '../../adapters/markdown/native.ts'
import {
  createCaller,
  newConfig,
  newProjectId,
  Project,
  type Caller,
  type Config,
  type ProjectWorld,
  type WriterNote,
} from '../../src/internal.ts'

/** What stays when a process ends. */
export interface MemoryWorkspace {
  readonly disk: MemoryDisk
  readonly runtime: MemoryRuntime
  readonly config: Config
  readonly files: Map<string, Uint8Array>
  /** The files people see; none where the project is kept in its store alone. */
  readonly folder: MemoryFiles | undefined
  readonly repository: MemoryRepository
  /** Its processes keep the store, and tell of changes. */
  readonly isLive?: boolean
  place: string
  note: WriterNote | undefined
  commits: number
}

export interface MemoryWorkspaceOptions {
  readonly seed?: number
  readonly relay?: string
  /** With task files beside it. */
  readonly withFiles?: boolean
}

export function memoryWorkspace({
  seed = 1,
  relay = 'auto',
  withFiles = false,
}: MemoryWorkspaceOptions = {}): MemoryWorkspace {
  const runtime = memoryRuntime({ seed })
  return {
    folder: withFiles ? memoryFiles({ now: () => runtime.now() }) : undefined,
    repository: memoryRepository(),
    disk: createMemoryDisk(),
    runtime,
    config: newConfig(newProjectId(runtime.random), { relay }),
    files: new Map(),
    place: `place-${seed}`,
    note: undefined,
    commits: 0,
  }
}

/** One process that works in the workspace. */
export function openProject(workspace: MemoryWorkspace): Project & { readonly caller: Caller } {
  const summary = memorySummaryFiles(() => String(workspace.commits), workspace.files)
  const { runtime, folder, repository, config } = workspace
  const world: ProjectWorld = {
    runtime,
    config,
    live: workspace.isLive === true,
    dir: '/project',
    summary,
    ...(folder === undefined
      ? {}
      : {
          mirror: {
            runtime,
            files: folder,
            repository,
            format: nativeFormat({ folder: config.tasks }),
            folder: config.tasks,
            index: summary,
          },
        }),
    openStore: async () => {
      const store = await openMemoryStore(workspace.disk)
      workspace.commits++
      const commit = store.commit.bind(store)
      return Object.assign(store, {
        commit: async (changes: Parameters<typeof commit>[0]) => {
          await commit(changes)
          workspace.commits++
        },
      })
    },
    place: workspace.place,
    writer: { load: () => workspace.note, save: (note) => void (workspace.note = note) },
    actorName: 'sara',
  }
  const project = new Project(world)
  return Object.assign(project, {
    caller: createCaller(project, { version: '0', pid: 1, since: '2025-01-01T00:00:00.000Z' }),
  })
}

/** Opens, does, closes: what one short command is. */
export async function once<Result>(
  workspace: MemoryWorkspace,
  work: (caller: Caller, project: Project) => Promise<Result>,
): Promise<Result> {
  await using project = openProject(workspace)
  return await work(project.caller, project)
}

/** One process on a workspace with files, which may be killed before or after any write: then nothing of it reaches the disk. */
import type { MemoryRuntime } from '../../adapters/memory/runtime.ts'
import type { MemoryDisk } from '../../adapters/memory/store.ts'
import type { MemoryFiles } from '../../adapters/memory/files.ts'
import type { WriterNote } from '../../src/internal.ts'
import { openProject, type MemoryWorkspace } from './project.ts'

export type OpenProject = ReturnType<typeof openProject>

export interface Fate {
  /** Writes to come before the one at which it is killed. */
  readonly after: number
  /** That one still reaches the disk. */
  readonly isDone: boolean
}

export class MirrorProcess {
  readonly project: OpenProject
  readonly #workspace: MemoryWorkspace
  readonly #onWritten: (path: string, bytes: Uint8Array) => void
  #left = Number.POSITIVE_INFINITY
  #isDone = false
  isDead = false

  /** `onWritten` hears of each text that reaches a file. */
  constructor(workspace: MemoryWorkspace, onWritten: (path: string, bytes: Uint8Array) => void) {
    this.#workspace = workspace
    this.#onWritten = onWritten
    this.project = openProject(this.#view())
  }

  /** Undefined once it is spared. */
  doom(fate: Fate | undefined): void {
    this.#left = fate?.after ?? Number.POSITIVE_INFINITY
    this.#isDone = fate?.isDone ?? false
  }

  /** The disk is free for the next one. */
  end(): void {
    this.isDead = true
    this.#workspace.disk.crash()
    this.#workspace.commits++ // what arrived all the same shows on the disk
  }

  /** `half`: what is done of it by a process that is killed in the middle. */
  async #write<Result>(act: () => Promise<Result>, half: () => Promise<unknown> = act): Promise<Result> {
    this.#assertAlive()
    if (this.#left-- > 0) return act()
    if (this.#isDone) await half()
    this.isDead = true
    throw new Error('the process was killed')
  }

  #assertAlive(): void {
    if (this.isDead) throw new Error('the process was killed')
  }

  #view(): MemoryWorkspace {
    const workspace = this.#workspace
    const view = {
      disk: this.#disk(workspace.disk),
      runtime: workspace.runtime,
      config: workspace.config,
      files: new LivingMap(workspace.files, () => this.#assertAlive()),
      folder: workspace.folder === undefined ? undefined : this.#folder(workspace.folder),
      repository: workspace.repository,
      place: workspace.place,
      get note(): WriterNote | undefined {
        return workspace.note
      },
      set note(note: WriterNote | undefined) {
        workspace.note = note
      },
      get commits(): number {
        return workspace.commits
      },
      set commits(commits: number) {
        workspace.commits = commits
      },
    }
    return view
  }

  #folder(folder: MemoryFiles): MemoryFiles {
    return {
      ...folder,
      write: (path, bytes, expected) =>
        this.#write(async () => {
          const outcome = await folder.write(path, bytes, expected)
          if (outcome === 'written') this.#onWritten(path, bytes)
          return outcome
        }),
      remove: (path, expected) => this.#write(() => folder.remove(path, expected)),
      move: (from, to, expected) =>
        this.#write(
          () => folder.move(from, to, expected),
          async () => void ((await folder.read(from)) !== undefined && (await folder.write(to, expected, null))),
        ),
    }
  }

  #disk(disk: MemoryDisk): MemoryDisk {
    return {
      crash: disk.crash,
      mount: () => {
        this.#assertAlive()
        const mounted = disk.mount()
        return { ...mounted, write: (changes) => this.#write(() => mounted.write(changes)) }
      },
    }
  }
}

/** The same map, for as long as its process lives. */
class LivingMap extends Map<string, Uint8Array> {
  readonly #map: Map<string, Uint8Array>
  readonly #assertAlive: () => void

  constructor(map: Map<string, Uint8Array>, assertAlive: () => void) {
    super()
    this.#map = map
    this.#assertAlive = assertAlive
  }

  override get(name: string): Uint8Array | undefined {
    return this.#map.get(name)
  }

  override set(name: string, bytes: Uint8Array): this {
    this.#assertAlive()
    this.#map.set(name, bytes)
    return this
  }

  override delete(name: string): boolean {
    this.#assertAlive()
    return this.#map.delete(name)
  }
}

/** Whoever sleeps is woken: nothing else turns the clock while it works. */
export async function pumped<Result>(runtime: MemoryRuntime, work: Promise<Result>): Promise<Result> {
  let isDone = false
  const finished = work.finally(() => (isDone = true))
  finished.catch(() => undefined)
  for (await turn(); !isDone; await turn()) if (runtime.sleeping > 0) await runtime.advance(10)
  return finished
}

function turn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve))
}

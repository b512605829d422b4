/** A folder of native task files with ids, as it lies there before `tide init`: the workload, one file a task. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { nativeFormat } from '../adapters/markdown/native.ts'
import { newUid } from '../src/ids.ts'
import { dice, sampleTask } from './workload.ts'

export interface NativeFile {
  readonly path: string
  readonly text: string
}

export interface NativeFolder extends Disposable {
  readonly dir: string
}

const FORMAT = nativeFormat({ folder: 'tasks' })

/** A folder of its own, gone when it is disposed. */
export function makeFolder(files: Iterable<NativeFile>): NativeFolder {
  const dir = mkdtempSync(join(tmpdir(), 'tidemark-bench-'))
  mkdirSync(join(dir, 'tasks'))
  for (const { path, text } of files) writeFileSync(join(dir, path), text)
  return { dir, [Symbol.dispose]: () => rmSync(dir, { recursive: true, force: true }) }
}

/** The first files of the workload: T-1, T-2 and so on. */
export function sampleFiles(count: number): readonly NativeFile[] {
  return Array.from({ length: count }, (_, index) => nativeFile(index))
}

/** One file of the workload, or the same with another body. */
export function nativeFile(index: number, otherBody?: string): NativeFile {
  const { title, status = 'todo', priority = 'low', assignees = [], labels = [], body = '', fields } = sampleTask(index)
  const next = dice(index + 1_000_003)
  const sheet = {
    id: newUid((bytes) => Uint8Array.from({ length: bytes }, () => Math.floor(next() * 256))),
    key: `T-${index + 1}`,
    fields: { title, status, priority, ...fields },
    sets: { assignees, labels },
    body: otherBody ?? body,
    shape: null,
  }
  const [file] = FORMAT.create(sheet, { isTaken: () => false, text: () => undefined })
  if (file === undefined) throw new Error('the format wrote no file')
  return file
}

/** Names below the folder, in its own order. */
export function namesIn(dir: string): readonly string[] {
  return readdirSync(join(dir, 'tasks')).map((name) => join(dir, 'tasks', name))
}

/** How long it takes to read every file once, ms. */
export function readAll(dir: string): number {
  const began = performance.now()
  for (const path of namesIn(dir)) readFileSync(path)
  return performance.now() - began
}

/** No workspace any more: the files stay. */
export function forgetWorkspace(dir: string): void {
  for (const name of ['.tidemark', 'tidemark.json']) rmSync(join(dir, name), { recursive: true, force: true })
}

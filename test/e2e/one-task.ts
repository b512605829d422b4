/** A workspace on the disk with one task, and its file. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { openWorkspacePlace, type Place } from './support.ts'

export const NAME = 'T-1-fix-login.md'

export interface File {
  readonly place: Place
  readonly path: string
  readonly text: string
}

export async function withFile(): Promise<File> {
  const place = await openWorkspacePlace()
  await place.prepare(['add', 'Fix login', '--body', 'One.\n\nTwo.\n'])
  const path = join(place.dir, 'tasks', NAME)
  return { place, path, text: readFileSync(path, 'utf8') }
}

export async function problems(place: Place): Promise<readonly (readonly [path: string | null, code: string])[]> {
  const said = (await place.look(['status']))['problems'] as readonly { path: string | null; code: string }[]
  return said.map(({ path, code }) => [path, code])
}

export async function task(place: Place, key = 'T-1'): Promise<unknown> {
  return (await place.look(['show', key])).task
}

/** What the laws of a Format are tried with: the format, files of its kind, and what it is able to say. */
import type { Format, Json } from '../../src/internal.ts'
import type { FormatSample } from './format-samples.ts'

/** One thing that a file may be asked to say of a task. */
export type TaskPart =
  | { readonly id: string }
  | { readonly key: string }
  | { readonly field: string; readonly value: Json }
  | { readonly set: string; readonly elements: readonly string[] }
  | { readonly body: string }

export interface FormatOptions {
  /** Fields that hold a text. @default title, status, note */
  readonly texts?: readonly string[]
  /** Fields that hold any JSON. @default estimate */
  readonly values?: readonly string[]
  /** @default labels, depends */
  readonly sets?: readonly string[]
  /** Whether a file at the path can say it; a file that cannot is to stay as it is. @default any file says anything */
  readonly holds?: (path: string, part: TaskPart) => boolean
  /** Whether files at the path hold several tasks, of which one can be taken out. @default no file does */
  readonly holdsSeveral?: (path: string) => boolean
  /** @default 200 */
  readonly runs?: number
}

export interface Suite extends Required<FormatOptions> {
  readonly format: Format
  readonly samples: readonly FormatSample[]
}

/** The text of a task from the file beside the summary, or from the document where that file is gone. */
import type { SummaryFiles } from '../ports.ts'
import type { TaskState } from '../task/registers.ts'
import type { Replica } from '../task/replica.ts'
import type { TextPlace } from './summary-line.ts'
import { readBodyAt } from './summary-writer.ts'

export async function readBodyBeside(
  files: SummaryFiles,
  { texts, place }: { readonly texts: string | undefined; readonly place: TextPlace | undefined },
  { uid }: TaskState,
  document: () => Promise<Replica>,
): Promise<string> {
  if (texts === undefined || place === undefined) return ''
  const body = await readBodyAt(files, texts, place)
  if (body !== undefined) return body
  const replica = await document() // someone took the file of texts away
  return (await import('../task/body.ts')).readBody(replica, replica.tasks.get(uid))
}

/** One whole exchange of a project with its relay by question and answer, as bytes: both have everything of each other. */
import { TaskError } from '../errors.ts'
import { readExchangeAnswer, writeExchangeRequest, type ExchangeAnswer } from '../sync/exchange.ts'
import { missingFor, vectorOf } from './offering.ts'
import type { Project } from './project.ts'

const NOTHING = new Uint8Array()

/** Throws where the relay does not take what was written here, and what `post` throws. */
export async function exchangeOver(
  project: Project,
  post: (request: Uint8Array) => Promise<Uint8Array>,
): Promise<{ readonly epoch: string; readonly time: number }> {
  const vector = await project.inTurn((held) => vectorOf(project, held))
  const first = parsed(await post(writeExchangeRequest({ vector, update: NOTHING })))
  await hear(project, first)
  const { saved, written } = await project.hold()
  if (saved?.epoch === first.epoch && saved.written === written) return first
  const {
    update,
    written: offered,
    isPartial,
  } = await project.inTurn((held) => missingFor(project, held, first.vector))
  const now = await project.inTurn((held) => vectorOf(project, held))
  const second = parsed(await post(writeExchangeRequest({ vector: now, update })))
  await hear(project, second)
  if (second.status !== 'committed') {
    const reason = second.status === 'read-only' ? 'the token may read only' : 'it does not take what was written here'
    throw new TaskError('RELAY_DENIED', { url: 'this address', reason })
  }
  if (!isPartial) (await project.hold()).markSaved({ epoch: second.epoch, written: offered })
  return second
}

async function hear(project: Project, { missing }: ExchangeAnswer): Promise<void> {
  await project.absorb([missing], { verb: 'remote', name: null })
}

function parsed(bytes: Uint8Array): ExchangeAnswer {
  const answer = readExchangeAnswer(bytes)
  if (answer === undefined) throw new TaskError('FRAME_INVALID', { problem: 'the answer of the relay cannot be read' })
  return answer
}

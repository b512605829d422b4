/** How a failure is told: on stderr in two lines, or as the one document of `--json`; and the exit code that goes with it. */
import { asTaskError, type TaskError } from '../../src/internal.ts'
import { printable } from './width.ts'
import type { CliWorld } from './world.ts'

const FAULT_EXIT = 1

/** Never throws: there is nobody left to tell. */
export function reportFailure(thrown: unknown, json: boolean, world: CliWorld): number {
  try {
    const error = asTaskError(firstFailure(thrown))
    if (world.env['TIDEMARK_DEBUG']) world.stderr.write(`${traceOf(error)}\n`)
    if (json) world.stdout.write(`${documentOf(error)}\n`)
    else world.stderr.write(`tide: ${oneLine(error.message)}\n${hintLine(error)}`)
    return error.exit
  } catch {
    // The output itself is gone.
    return FAULT_EXIT
  }
}

/** A workspace that fails to close after its call failed wraps both; what went wrong first is what is told. */
function firstFailure(thrown: unknown): unknown {
  return thrown instanceof Error && 'suppressed' in thrown ? firstFailure(thrown.suppressed) : thrown
}

function documentOf(error: TaskError): string {
  const { code, message, details } = error.toJSON()
  const head = { code, message, hint: error.hint.trim() }
  try {
    return JSON.stringify({ error: { ...head, details } })
  } catch {
    // Details are for programs; what cannot be written as JSON (a cycle, a bigint) tells them nothing.
    return JSON.stringify({ error: { ...head, details: {} } })
  }
}

function hintLine(error: TaskError): string {
  const hint = oneLine(error.hint)
  return hint === '' ? '' : `hint: ${hint}\n`
}

/** What others say (a system call, a parser) may come in several lines; ours are one each. */
function oneLine(text: string): string {
  return printable(text.trim().replace(/\s*[\n\r]\s*/g, ' '))
}

function traceOf(error: TaskError): string {
  const { cause } = error
  return (cause instanceof Error ? cause.stack : undefined) ?? error.stack ?? error.message
}

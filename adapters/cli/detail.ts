/** One task as `show` prints it for people: everything it has, nothing cut, no control character left alive. */
import type { CommentView, Json, TaskDetail } from '../../src/internal.ts'
import { paint } from './paint.ts'
import { padToWidth, printable, textWidth } from './width.ts'

export function taskDetail(task: TaskDetail, colour: boolean): string {
  const head = [task.key, task.status, task.priority ?? '', ...statesOf(task)]
    .filter((word) => word !== '')
    .map(printable)
  const parts = [
    `${paint(printable(task.title), 'bold', colour)}\n${head.join('  ')}\n`,
    fieldLines(task, colour),
    task.body.trim() === '' ? '' : `${printableText(task.body).replace(/\n+$/, '')}\n`,
    task.comments.length === 0
      ? ''
      : `${paint('Comments', 'bold', colour)}\n${task.comments.map((one) => commentText(one, colour)).join('')}`,
  ]
  return parts.filter((part) => part !== '').join('\n')
}

/** Text of several lines, kept as lines. */
function printableText(text: string): string {
  return text
    .replace(/\r\n/g, '\n')
    .split(/([\n\t])/)
    .map((part) => (part === '\n' || part === '\t' ? part : printable(part)))
    .join('')
}

/** A moment as people read it; UTC, because a shared history has no place of its own. */
export function moment(at: string): string {
  return printable(at)
    .replace('T', ' ')
    .replace(/(:\d\d)(?:\.\d+)?Z$/, '$1Z')
}

/** A value on one line; text with line breaks is quoted, so that they show. */
export function valueText(value: Json): string {
  if (typeof value === 'string') return printable(/[\n\r\t]/.test(value) ? JSON.stringify(value) : value)
  if (value === null) return '(none)'
  if (Array.isArray(value) && value.every((one) => typeof one === 'string'))
    return value.length === 0 ? '(none)' : printable(value.join(', '))
  return printable(JSON.stringify(value))
}

function statesOf(task: TaskDetail): readonly string[] {
  return [...(task.ready ? ['ready'] : []), ...(task.deleted ? ['deleted'] : [])]
}

function fieldLines(task: TaskDetail, colour: boolean): string {
  const fields: readonly (readonly [string, Json])[] = [
    ['labels', task.labels],
    ['assignees', task.assignees],
    ['depends', task.dependsOn],
    ['parent', task.parent],
    ['claim', claimText(task)],
    ...Object.entries(task.fields),
    ['aliases', task.aliases],
    ['path', task.path],
    ['created', moment(task.createdAt)],
    ['updated', moment(task.updatedAt)],
  ]
  const shown = fields.filter(
    ([, value]) => value !== null && value !== '' && !(Array.isArray(value) && value.length === 0),
  )
  const lines = shown.map(([name, value]) => [printable(name), valueText(value)] as const)
  const width = lines.reduce((most, [name]) => Math.max(most, textWidth(name)), 0)
  const conflicts = task.conflicts.length === 0 ? '' : conflictLine(task, colour)
  return `${lines.map(([name, value]) => `${paint(padToWidth(name, width), 'dim', colour)}  ${value}\n`).join('')}${conflicts}`
}

function claimText({ claim }: TaskDetail): string {
  if (claim === null) return ''
  const { by, type, expiresAt, token, state, scope } = claim
  const until = `(${type}) until ${moment(expiresAt)}`
  if (state === 'tentative') return `~${by} ${until}, tentative: the relay has not agreed yet`
  return `${by} ${until}, token ${token} of ${scope === 'relay' ? 'the relay' : 'this workspace'}`
}

function conflictLine(task: TaskDetail, colour: boolean): string {
  const words = `conflict in ${task.conflicts.map(printable).join(', ')}: see tide conflicts ${printable(task.key)}`
  return `${paint(words, 'red', colour)}\n`
}

function commentText({ by, at, text }: CommentView, colour: boolean): string {
  const lines = printableText(text).replace(/\n+$/, '').split('\n')
  return `${paint(`${printable(by)}  ${moment(at)}`, 'dim', colour)}\n${lines.map((line) => `  ${line}`.trimEnd()).join('\n')}\n`
}

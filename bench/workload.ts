/** The one workload of all parts: tasks with some ten fields and a body of 1 KB, the same at every run. */
import type { NewTask } from '../src/index.ts'

const WORDS =
  'sync relay merge offline task board parser cursor index vault branch commit review deploy queue worker cache socket schema client server token deadline estimate budget release backlog issue label owner window filter search report import export migrate rename archive restore notify remind'.split(
    ' ',
  )
const STATUSES = ['todo', 'doing', 'blocked'] as const
const PRIORITIES = ['low', 'medium', 'high'] as const
const BODY_BYTES = 1024

/** A small generator whose numbers follow from its seed (mulberry32). */
export function dice(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

export function sampleTask(index: number): NewTask {
  const next = dice(index + 1)
  return {
    title: `${words(next, 5)} ${index}`,
    status: STATUSES[index % STATUSES.length] ?? 'todo',
    priority: PRIORITIES[Math.floor(next() * PRIORITIES.length)] ?? 'low',
    assignees: [`user${Math.floor(next() * 20)}`],
    labels: [...new Set(words(next, 2).split(' '))],
    body: body(next),
    fields: { due: `2026-03-0${1 + (index % 9)}`, estimate: Math.floor(next() * 16) },
  }
}

function words(next: () => number, count: number): string {
  return Array.from({ length: count }, () => WORDS[Math.floor(next() * WORDS.length)] ?? 'task').join(' ')
}

function body(next: () => number): string {
  let text = ''
  while (text.length < BODY_BYTES) text += `${words(next, 9)}.\n${next() < 0.3 ? `- [ ] ${words(next, 5)}\n` : ''}`
  return text.slice(0, BODY_BYTES)
}

/** Reading a native file, and changing one field of it, against a scanner that knows lines and colons only. */
import { nativeFormat } from '../adapters/markdown/native.ts'
import { fixed, median, table } from './measure.ts'
import { sampleFiles, type NativeFile } from './native-folder.ts'

const FILES = 1000
const ROUNDS = 15
const MUST = '<= 3'
const FORMAT = nativeFormat({ folder: 'tasks' })

interface Contest {
  readonly name: string
  readonly ours: (file: NativeFile, round: number) => unknown
  readonly plain: (file: NativeFile, round: number) => unknown
}

const status = (round: number): string => (round % 2 === 0 ? 'review' : 'doing')
const ourPatch = ({ path, text }: NativeFile, round: number): string =>
  FORMAT.patch(path, text, [{ task: 0, fields: { status: status(round) } }])

const CONTESTS: readonly Contest[] = [
  { name: 'parse', ours: ({ path, text }) => FORMAT.parse(path, text), plain: ({ text }) => scan(text) },
  { name: 'patch one field', ours: ourPatch, plain: ({ text }, round) => rewritten(text, status(round)) },
  {
    name: 'parse and patch',
    ours: (file, round) => [FORMAT.parse(file.path, file.text), ourPatch(file, round)],
    plain: ({ text }, round) => [scan(text), rewritten(text, status(round))],
  },
]

export function formatBench(): void {
  const files = sampleFiles(FILES)
  const rows = CONTESTS.map(({ name, ours, plain }) => {
    const [own, base]: [number[], number[]] = [[], []]
    for (let round = -3; round < ROUNDS; round++) {
      const [plainMs, ourMs] = [timed(files, plain, round), timed(files, ours, round)]
      if (round < 0) continue
      base.push(plainMs)
      own.push(ourMs)
    }
    const ratio = median(own.map((ms, round) => ms / (base[round] ?? Number.NaN)))
    const micros = (ms: number): string => fixed((ms * 1000) / FILES, 1)
    return [name, micros(median(own)), micros(median(base)), fixed(ratio), MUST]
  })
  table(
    `one native file of 1.4 KB, warm (x = a plain line scanner)`,
    ['', 'µs', 'scanner µs', 'x median', 'must x'],
    rows,
  )
}

/** Kept, so that no work is found to be needless. */
let last: unknown

function timed(files: readonly NativeFile[], work: Contest['ours'], round: number): number {
  const began = performance.now()
  for (const file of files) last = work(file, round)
  const ms = performance.now() - began
  return last === undefined ? Number.NaN : ms
}

function scan(text: string): { readonly fields: ReadonlyMap<string, string>; readonly body: string } {
  const lines = text.split('\n')
  const end = lines.indexOf('---', 1)
  const fields = new Map<string, string>()
  for (const line of lines.slice(1, end)) {
    const found = /^([\w-]+):\s*(.*)$/.exec(line)
    if (found !== null) fields.set(found[1] ?? '', found[2] ?? '')
  }
  return { fields, body: lines.slice(end + 1).join('\n') }
}

function rewritten(text: string, value: string): string {
  const lines = text.split('\n')
  const end = lines.indexOf('---', 1)
  for (const [index, line] of lines.slice(0, end).entries())
    if (/^status:\s/.test(line)) lines[index] = `status: ${value}`
  return lines.join('\n')
}

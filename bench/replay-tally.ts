/** Counts over many replayed files, a row a repository, and the first places where something went wrong. */
import { fixed, table } from './measure.ts'
import type { Met } from './replay-desks.ts'
import type { Harm } from './replay-words.ts'

export interface Judged {
  readonly harm?: Harm
  /** Byte for byte what it is measured by. */
  readonly isEqual?: boolean
}

const KINDS = ['lost', 'mixed', 'doubled'] as const
const MOST_SHOWN = 4

interface Counts {
  files: number
  equal: number
  apart: number
  ms: number
  mostMs: number
  /** Of each kind how many, and in how many files. */
  readonly harm: Record<(typeof KINDS)[number], { count: number; files: number }>
}

export class Tally {
  readonly #title: string
  readonly #equalTo: string | undefined
  readonly #rows = new Map<string, Counts>()
  readonly #shown = new Map<string, string[]>()

  constructor(title: string, equalTo?: string) {
    this.#title = title
    this.#equalTo = equalTo
  }

  add(row: string, where: string, met: Met, { harm, isEqual = true }: Judged): void {
    for (const counts of [this.#countsOf(row), this.#countsOf('all')]) {
      counts.files++
      counts.ms += met.ms
      counts.mostMs = Math.max(counts.mostMs, met.ms)
      if (isEqual) counts.equal++
      if (!met.isOne) counts.apart++
      for (const kind of KINDS) {
        const count = harm?.[kind] ?? 0
        counts.harm[kind].count += count
        if (count > 0) counts.harm[kind].files++
      }
    }
    const place = `${row} ${where}`
    if (!isEqual) this.#show(`not ${this.#equalTo ?? 'equal'}`, place)
    if (!met.isOne) this.#show('apart', place)
    for (const kind of KINDS) if ((harm?.[kind] ?? 0) > 0) this.#show(kind, `${place} (${harm?.[kind] ?? 0})`)
  }

  /** Harm as `how many/in so many files`. */
  print(): void {
    const rows = [...this.#rows].sort(([one], [other]) => Number(one === 'all') - Number(other === 'all'))
    const equal = this.#equalTo === undefined ? [] : [this.#equalTo]
    table(
      this.#title,
      ['', 'files', ...equal, ...KINDS, 'apart', 'ms', 'most ms'],
      rows.map(([name, { files, equal: same, apart, ms, mostMs, harm }]) => [
        name,
        String(files),
        ...equal.map(() => `${same} (${fixed((100 * same) / files, 1)} %)`),
        ...KINDS.map((kind) => `${harm[kind].count}/${harm[kind].files}`),
        String(apart),
        fixed(ms / files),
        fixed(mostMs, 0),
      ]),
    )
    for (const [kind, places] of this.#shown) console.log(`${kind}:\n  ${places.join('\n  ')}`)
  }

  #show(kind: string, place: string): void {
    const places = this.#shown.get(kind) ?? []
    this.#shown.set(kind, places)
    if (places.length < MOST_SHOWN) places.push(place)
  }

  #countsOf(row: string): Counts {
    const none = (): { count: number; files: number } => ({ count: 0, files: 0 })
    const counts = this.#rows.get(row) ?? {
      files: 0,
      equal: 0,
      apart: 0,
      ms: 0,
      mostMs: 0,
      harm: { lost: none(), mixed: none(), doubled: none() },
    }
    this.#rows.set(row, counts)
    return counts
  }
}

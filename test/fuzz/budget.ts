/** How long a fuzzer runs and where it begins; what it tells at the end. */
import type { Tally } from '../support/simulation.ts'

export interface Budget {
  readonly minutes: number
  readonly firstSeed: number
  /** Whether there is another schedule after so many. */
  readonly goesOn: (count: number) => boolean
  /** For the test that plays them. */
  readonly timeoutMs: number
}

/** However slow the machine is. */
const MOST_MINUTES = 45

/**
 * `FUZZ_SEED` repeats a run; otherwise each begins elsewhere. `FUZZ_MINUTES` says how long; otherwise it is a minute, or until
 * so many `schedules` were played.
 */
export function budget(
  { schedules }: { readonly schedules?: number } = {},
  env: NodeJS.ProcessEnv = process.env,
): Budget {
  const { FUZZ_MINUTES } = env
  const counted = FUZZ_MINUTES === undefined ? schedules : undefined
  const minutes = Number(FUZZ_MINUTES ?? (counted === undefined ? 1 : MOST_MINUTES))
  const firstSeed = Number(env['FUZZ_SEED'] ?? Date.now() % 1_000_000_000)
  if (!(minutes > 0) || !Number.isInteger(firstSeed))
    throw new Error('FUZZ_MINUTES is a number above 0, FUZZ_SEED a whole number')
  let end: number | undefined
  return {
    minutes,
    firstSeed,
    goesOn(count) {
      end ??= Date.now() + minutes * 60_000
      return Date.now() < end && (counted === undefined || count < counted)
    },
    timeoutMs: minutes * 60_000 * 4 + 60_000,
  }
}

export function told(title: string, tally: Tally): string {
  const lines = Object.entries(tally).sort(([a], [b]) => (a < b ? -1 : 1))
  return [title, ...lines.map(([name, count]) => `${String(count).padStart(9)}  ${name}`)].join('\n')
}

/** How long a fuzzer runs and where it begins; what it tells at the end. */
import type { Tally } from '../support/simulation.ts'

/** `FUZZ_SEED` repeats a run; otherwise each begins elsewhere. */
export function budget(env: NodeJS.ProcessEnv = process.env): { readonly minutes: number; readonly firstSeed: number } {
  const minutes = Number(env['FUZZ_MINUTES'] ?? 1)
  const firstSeed = Number(env['FUZZ_SEED'] ?? Date.now() % 1_000_000_000)
  if (!(minutes > 0) || !Number.isInteger(firstSeed))
    throw new Error('FUZZ_MINUTES is a number above 0, FUZZ_SEED a whole number')
  return { minutes, firstSeed }
}

export function told(title: string, tally: Tally): string {
  const lines = Object.entries(tally).sort(([a], [b]) => (a < b ? -1 : 1))
  return [title, ...lines.map(([name, count]) => `${String(count).padStart(9)}  ${name}`)].join('\n')
}

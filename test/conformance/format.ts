/** What every Format promises, over files of its own kind and over what becomes of them when anything is typed into them. */
import { describe } from 'vitest'
import type { Format } from '../../src/internal.ts'
import { creating } from './format-creating.ts'
import { patchingFields, patchingSetsAndBodies } from './format-patching.ts'
import { reading } from './format-reading.ts'
import type { FormatSample } from './format-samples.ts'
import { severalTasks } from './format-several.ts'
import type { FormatOptions, Suite } from './format-suite.ts'

export function formatConformance(
  name: string,
  format: Format,
  samples: readonly FormatSample[],
  {
    texts = ['title', 'status', 'note'],
    values = ['estimate'],
    sets = ['labels', 'depends'],
    holds = () => true,
    holdsSeveral = () => false,
    runs = 200,
  }: FormatOptions = {},
): void {
  const suite: Suite = { format, samples, texts, values, sets, holds, holdsSeveral, runs }
  describe(`format: ${name}`, () => {
    reading(suite)
    patchingFields(suite)
    patchingSetsAndBodies(suite)
    severalTasks(suite)
    creating(suite)
  })
}

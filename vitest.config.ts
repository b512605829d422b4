import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/fuzz/**', 'node_modules/**', 'dist/**'],
    // Also on two cores: most of the time is spent in processes that the tests start.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    // Nothing here keeps state in modules (STYLE.md 7), so files may share a process, and load what they have in common once.
    isolate: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    coverage: { provider: 'v8', include: ['src/**', 'adapters/**'], reporter: ['text-summary', 'json-summary'] },
  },
})

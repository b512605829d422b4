/** What adapters need beyond the public surface. Not exported by the package. */
export * from './index.ts'

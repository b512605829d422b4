/** `tidemark/testing`: what every implementation of a port must pass. Runs under vitest. */
export { filesConformance } from './files.ts'
export { formatConformance } from './format.ts'
export { repositoryConformance } from './repository.ts'
export { runtimeConformance } from './runtime.ts'
export { storeConformance } from './store.ts'
export { transportConformance } from './transport.ts'

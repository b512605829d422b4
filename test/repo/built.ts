/** The built command, for tests that run it; they fail with what to do when it is not there. */
import { existsSync } from 'node:fs'
import { join, relative } from 'node:path'
import { root } from './source.ts'

export const builtCommand: string = join(root, 'dist', 'tide.cjs')

export function requireBuilt(path: string = builtCommand): void {
  if (!existsSync(path))
    throw new Error(`${relative(root, path)} is not there: run \`npm run build\` first (\`npm test\` does)`)
}

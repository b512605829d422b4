/** docs/cli.md says what the built command's help says. `node scripts/cli-docs.mjs` writes it. */
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { requireBuilt } from './built.ts'
import { read, root } from './source.ts'

describe('docs/cli.md', () => {
  it('is what scripts/cli-docs.mjs writes today', () => {
    requireBuilt()
    const script = join(root, 'scripts', 'cli-docs.mjs')
    const fresh = execFileSync(process.execPath, [script, '--print'], { encoding: 'utf8' })
    const kept = existsSync(join(root, 'docs', 'cli.md')) ? read('docs/cli.md') : ''
    expect(kept, 'stale: run `npm run build && node scripts/cli-docs.mjs`').toBe(fresh)
  })
})

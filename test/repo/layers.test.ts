/** The layers hold: every import of the product stands in the import table, and the check sees one that does not. */
import { describe, expect, it } from 'vitest'
import { areaOf, breaches, table } from './imports.ts'
import { filesBelow, read } from './source.ts'

const files = ['src', 'adapters', 'bin'].flatMap((folder) => filesBelow(folder, '.ts'))

/** Rows of the table that name no single place are tried in a made-up one. */
const areas = [...new Set(table.map(({ from }) => from.replace('*', 'made-up'))), 'test', 'scripts']

const fileIn = (area: string): string => {
  if (area === 'base') return 'src/ids.ts'
  return area.endsWith('.ts') ? area : `${area}/made-up.ts`
}
const up = (path: string): string => '../'.repeat(path.split('/').length - 1) || './'
const isAllowed = (from: string, to: string): boolean => {
  const row = table.find((one) => one.from === from) ?? table.find((one) => one.from === 'adapters/*')
  const may = row?.may ?? []
  return (
    from === to ||
    may.includes(to) ||
    (may.includes('src/*') && to.startsWith('src/')) ||
    (may.includes('adapters/*') && to.startsWith('adapters/'))
  )
}

describe('layers', () => {
  it('every import of src/, adapters/ and bin/ is in the table', () => {
    expect(files).toContain('src/errors.ts')
    expect(files.flatMap((path) => breaches(path, read(path)))).toEqual([])
  })

  it.each(areas.filter((area) => area !== 'test' && area !== 'scripts'))(
    'control: a made-up file in %s breaks its row',
    (from) => {
      const path = fileIn(from)
      const row = table.some((one) => one.from === from) ? from : 'adapters/*'
      const found = areas.map((to) => breaches(path, `import type { Made } from '${up(path)}${fileIn(to)}'`).join())
      const expected = areas.map((to) => {
        const sentence = `that is ${areaOf(fileIn(to))}, and the row "${row}" may import`
        return isAllowed(from, to) ? '' : sentence
      })
      const told = found.map((text) => /that is .* may import/.exec(text)?.[0] ?? text)
      expect(told).toEqual(expected)
    },
  )

  it.each([
    ['import a name', `import { a } from '../mirror/plan.ts'`],
    ['import over several lines', `import {\n  a,\n  b,\n} from '../mirror/plan.ts'`],
    ['import for its effect', `import '../mirror/plan.ts'`],
    ['import type', `import type { A } from '../mirror/plan.ts'`],
    ['import of one type among values', `import { type A } from '../mirror/plan.ts'`],
    ['import type in a type', `type A = import('../mirror/plan.ts').A`],
    ['export from', `export { a } from '../mirror/plan.ts'`],
    ['export all from', `export * from '../mirror/plan.ts'`],
    ['dynamic import', `const load = async () => (await import('../mirror/plan.ts')).a`],
    ['dynamic import of a template', 'const load = () => import(`../mirror/plan.ts`)'],
    ['require', `const a = require('../mirror/plan.ts')`],
  ])('control: it sees an %s', (_, text) => {
    expect(breaches('src/task/made-up.ts', text)).toEqual([
      'src/task/made-up.ts imports ../mirror/plan.ts: that is src/mirror, and the row "src/task" may import only base and its own files',
    ])
  })

  it.each([
    ['a node: module', `import { readFileSync } from 'node:fs'`, 'src/ is pure'],
    ['the type of a node: module', `import type { Stats } from 'node:fs'`, 'src/ is pure'],
    ['a bare name of a node module', `import fs from 'fs/promises'`, 'src/ is pure'],
    ['a computed import', `const load = (name: string) => import(name)`, 'src/ names what it imports'],
    ['the package by its own name', `import { a } from 'tidemark/node'`, 'relative paths'],
  ])('control: src/ may not have %s', (_, text, problem) => {
    expect(breaches('src/task/made-up.ts', text)).toEqual([expect.stringContaining(problem)])
  })

  it('control: a folder that no row names is reported', () => {
    expect(breaches('src/utils/made-up.ts', '')).toEqual([
      expect.stringContaining('no row of the import table is for src/utils'),
    ])
  })

  it('control: comments, texts and packages are no breach', () => {
    const text = `// import '../mirror/plan.ts'\nimport * as Y from 'yjs'\nexport const a = "import '../mirror/plan.ts'"`
    expect(breaches('src/task/made-up.ts', text)).toEqual([])
    expect(breaches('adapters/node/made-up.ts', `import { open } from 'node:fs/promises'`)).toEqual([])
  })
})

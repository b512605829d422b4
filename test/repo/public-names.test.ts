/** What the package promises by name changes only on purpose. `UPDATE=1 npx vitest run test/repo/public-names.test.ts` writes the list. */
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { namesOf } from './names.ts'
import { read, root } from './source.ts'

const LIST = 'test/repo/public-names.txt'

/** `./node` → `bin/node.ts`: the source of what the package's exports map points to. */
function entryPoints(): readonly { readonly entry: string; readonly source: string }[] {
  const { exports }: { exports: Readonly<Record<string, { readonly types: string }>> } = JSON.parse(
    read('package.json'),
  )
  return Object.entries(exports).map(([entry, { types }]) => ({
    entry: entry.replace('.', 'tidemark'),
    source: types.replace(/^\.\/dist\//, '').replace(/\.d\.ts$/, '.ts'),
  }))
}

describe('public names', () => {
  const present = entryPoints().filter(({ source }) => existsSync(join(root, source)))

  it('every entry point of package.json has its source', () => {
    const missing = entryPoints().filter(({ source }) => !existsSync(join(root, source)))
    expect(missing, 'package.json exports what is not there').toEqual([])
  })

  it(`the exported names are those of ${LIST}`, () => {
    const lines = present.flatMap(({ entry, source }) =>
      namesOf(source, read).map(({ name, kind }) => `${entry} ${kind} ${name}`),
    )
    const list = `${lines.join('\n')}\n`
    if (process.env['UPDATE'] === '1') writeFileSync(join(root, LIST), list)
    expect(list, 'if on purpose, run: UPDATE=1 npx vitest run test/repo/public-names.test.ts').toBe(
      existsSync(join(root, LIST)) ? read(LIST) : '',
    )
  })

  it('there are named exports only', () => {
    const all = present.flatMap(({ entry, source }) => namesOf(source, read).map(({ name }) => `${entry} ${name}`))
    expect(all.filter((name) => / (?:default|\* .*)$/.test(name))).toEqual([])
  })

  it('control: every way to export is seen', () => {
    const texts: Readonly<Record<string, string>> = {
      'src/index.ts': `export { open } from './a.ts'
        export { type Task, make as build } from './a.ts'
        export type { Key } from './a.ts'
        export * from './b.ts'
        export * as all from './b.ts'
        export const { one, two: [renamed = 1], ...rest } = {}
        export function call(): void {}
        export class Thing {}
        export interface Shape {}
        export type Alias = string
        export default 1`,
      'src/b.ts': `export const b = 1; export type B = string; export default 2; const hidden = 1`,
    }
    const names = namesOf('src/index.ts', (path) => texts[path] ?? '').map(({ name, kind }) => `${kind} ${name}`)
    expect(names.toSorted()).toEqual(
      [
        ...['Alias', 'B', 'Key', 'Shape', 'Task'].map((name) => `type ${name}`),
        ...['Thing', 'all', 'b', 'build', 'call', 'default', 'one', 'open', 'renamed', 'rest'].map(
          (name) => `value ${name}`,
        ),
      ].toSorted(),
    )
  })
})

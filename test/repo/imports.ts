/** The import table of the architecture, and the check of one file against it. Reads no disk: paths and texts come in. */
import { isBuiltin } from 'node:module'
import { posix } from 'node:path'
import { constantText, isNode, nodesOf, parse } from './source.ts'

export interface Row {
  readonly from: string
  /** Areas whose files it may import, beside its own. A trailing `*` stands for any name. */
  readonly may: readonly string[]
}

/** `base` are the four files that everything may use. A row that names an adapter goes before the row of all adapters. */
export const table: readonly Row[] = [
  { from: 'base', may: [] },
  { from: 'src/task', may: ['base'] },
  { from: 'src/mirror', may: ['base', 'src/task'] },
  { from: 'src/history', may: ['base', 'src/task'] },
  { from: 'src/claims', may: ['base', 'src/task'] },
  { from: 'src/api', may: ['base', 'src/task'] },
  { from: 'src/sync', may: ['base', 'src/task'] },
  { from: 'src/relay', may: ['base', 'src/task', 'src/history', 'src/claims', 'src/api', 'src/sync'] },
  {
    from: 'src/workspace',
    may: ['base', 'src/task', 'src/mirror', 'src/history', 'src/claims', 'src/api', 'src/sync'],
  },
  { from: 'src/index.ts', may: ['base', 'src/*'] },
  { from: 'src/internal.ts', may: ['base', 'src/*'] },
  { from: 'adapters/import', may: ['src/index.ts', 'src/internal.ts', 'adapters/markdown', 'adapters/json'] },
  { from: 'adapters/board', may: ['src/index.ts', 'src/internal.ts', 'adapters/websocket'] },
  { from: 'adapters/vscode', may: ['src/index.ts', 'src/internal.ts', 'adapters/websocket'] },
  { from: 'adapters/*', may: ['src/index.ts', 'src/internal.ts'] },
  { from: 'bin', may: ['src/index.ts', 'adapters/*'] },
]

const BASE = /^src\/(?:ids|errors|events|ports)\.ts$/

/** The part of the tree that a file belongs to, as the table names it. */
export function areaOf(path: string): string {
  if (BASE.test(path)) return 'base'
  const [top = '', next] = path.split('/')
  return (top === 'src' || top === 'adapters') && next !== undefined ? `${top}/${next}` : top
}

/** What one file does against the table: one sentence for each import. */
export function breaches(path: string, text: string): readonly string[] {
  const area = areaOf(path)
  const row = table.find(({ from }) => fits(from, area))
  if (row === undefined)
    return [`${path}: no row of the import table is for ${area}; put the file where one is, or add a row`]
  return specifiersOf(path, text).flatMap((specifier) => {
    const problem = problemOf(path, area, row, specifier)
    return problem === undefined ? [] : [`${path} imports ${specifier ?? 'a computed name'}: ${problem}`]
  })
}

function problemOf(path: string, area: string, row: Row, specifier: string | undefined): string | undefined {
  const pure = path.startsWith('src/')
  if (specifier === undefined) return pure ? 'src/ names what it imports, so that this test can see it' : undefined
  if (pure && isBuiltin(specifier)) return 'src/ is pure, the world comes in through src/ports.ts'
  if (specifier === 'tidemark' || specifier.startsWith('tidemark/'))
    return 'the project names its own files by relative paths'
  if (!specifier.startsWith('.')) return undefined
  const target = areaOf(posix.join(posix.dirname(path), specifier))
  if (target === area || row.may.some((pattern) => fits(pattern, target))) return undefined
  const may = row.may.length === 0 ? 'nothing but its own files' : `only ${row.may.join(', ')} and its own files`
  return `that is ${target}, and the row "${row.from}" may import ${may}`
}

function fits(pattern: string, area: string): boolean {
  return pattern.endsWith('*') ? area.startsWith(pattern.slice(0, -1)) : pattern === area
}

/** Every module a file names: imports, exports from, import types, dynamic imports and require; `undefined` for a computed one. */
function specifiersOf(path: string, text: string): readonly (string | undefined)[] {
  const found: (string | undefined)[] = []
  for (const node of nodesOf(parse(path, text))) {
    switch (node.type) {
      case 'ImportDeclaration':
      case 'ImportExpression':
      case 'ExportAllDeclaration':
      case 'TSImportType':
        found.push(constantText(node['source']))
        break
      case 'ExportNamedDeclaration':
        if (isNode(node['source'])) found.push(constantText(node['source']))
        break
      case 'TSExternalModuleReference':
        found.push(constantText(node['expression']))
        break
      case 'CallExpression': {
        const callee = node['callee']
        if (isNode(callee) && callee['name'] === 'require' && Array.isArray(node['arguments'])) {
          found.push(constantText(node['arguments'][0]))
        }
        break
      }
    }
  }
  return found
}

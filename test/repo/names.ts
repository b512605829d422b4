/** The names a module exports, values and types apart, read from its text and the texts it exports from. */
import { posix } from 'node:path'
import { isNode, nodes, nodesOf, parse } from './source.ts'
import type { Node } from './source.ts'

export interface Name {
  readonly name: string
  readonly kind: 'type' | 'value'
}

export type Read = (path: string) => string

/** Sorted by name. `read` gives the text of a path; a default export is the name `default`. */
export function namesOf(path: string, read: Read): readonly Name[] {
  return nodes(parse(path, read(path))['body'])
    .flatMap((statement) => exportedBy(statement, path, read))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

function exportedBy(statement: Node, path: string, read: Read): readonly Name[] {
  if (statement.type === 'ExportDefaultDeclaration') return [{ name: 'default', kind: 'value' }]
  if (statement.type === 'ExportAllDeclaration') return exportedByAll(statement, path, read)
  if (statement.type !== 'ExportNamedDeclaration') return []
  const specifiers = nodes(statement['specifiers']).map((specifier): Name => {
    const isType = statement['exportKind'] === 'type' || specifier['exportKind'] === 'type'
    return { name: nameOf(specifier['exported']), kind: isType ? 'type' : 'value' }
  })
  return [...specifiers, ...declaredBy(statement['declaration'])]
}

function exportedByAll(statement: Node, path: string, read: Read): readonly Name[] {
  const isType = statement['exportKind'] === 'type'
  if (isNode(statement['exported'])) return [{ name: nameOf(statement['exported']), kind: isType ? 'type' : 'value' }]
  const source = nameOf(statement['source'])
  if (!source.startsWith('.')) return [{ name: `* from ${source}`, kind: isType ? 'type' : 'value' }]
  return namesOf(posix.join(posix.dirname(path), source), read)
    .filter(({ name }) => name !== 'default')
    .map(({ name, kind }) => ({ name, kind: isType ? 'type' : kind }))
}

function declaredBy(declaration: unknown): readonly Name[] {
  if (!isNode(declaration)) return []
  const kind = /^TS(?:Interface|TypeAlias)Declaration$/.test(declaration.type) ? 'type' : 'value'
  if (declaration.type !== 'VariableDeclaration') return [{ name: nameOf(declaration['id']), kind }]
  return nodes(declaration['declarations'])
    .flatMap((one) => [...boundBy(one['id'])])
    .map((name) => ({ name, kind }))
}

/** The names a pattern binds: the identifiers in it that are no keys, defaults or types. */
function* boundBy(pattern: unknown): Generator<string> {
  if (!isNode(pattern)) return
  if (pattern.type === 'Identifier') yield nameOf(pattern)
  if (pattern.type === 'ObjectPattern')
    for (const part of nodes(pattern['properties'])) yield* boundBy(part['value'] ?? part['argument'])
  if (pattern.type === 'ArrayPattern') for (const part of nodes(pattern['elements'])) yield* boundBy(part)
  if (pattern.type === 'RestElement') yield* boundBy(pattern['argument'])
  if (pattern.type === 'AssignmentPattern') yield* boundBy(pattern['left'])
}

function nameOf(node: unknown): string {
  const name = isNode(node) ? (node['name'] ?? node['value']) : undefined
  if (typeof name === 'string') return name
  throw new Error(`an export has no name: ${JSON.stringify([...nodesOf(node)].map(({ type }) => type))}`)
}

/** The project's own files as the repository tests read them: listed, with LF, and parsed. Knows no rule about them. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseAst } from 'vitest/node'

export const root: string = fileURLToPath(new URL('../..', import.meta.url))

/** A node of the syntax tree (ESTree with TypeScript's nodes). */
export interface Node {
  readonly type: string
  readonly [field: string]: unknown
}

/** The text of a file of the project; LF, also where git checked it out otherwise. */
export function read(path: string): string {
  return readFileSync(join(root, path), 'utf8').replaceAll('\r\n', '\n')
}

/** Paths below a folder, relative to the root, with `/`, sorted; none when the folder is not there. */
export function filesBelow(folder: string, extension: string): readonly string[] {
  if (!existsSync(join(root, folder))) return []
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((path) => `${folder}/${path.replaceAll('\\', '/')}`)
    .filter((path) => path.endsWith(extension))
    .toSorted()
}

/** The statements of a TypeScript text. */
export function parse(path: string, text: string): Node {
  try {
    const program: unknown = parseAst(text, { lang: path.endsWith('x') ? 'tsx' : 'ts' }, path)
    if (isNode(program)) return program
  } catch (cause) {
    throw new Error(`${path} cannot be parsed`, { cause })
  }
  throw new Error(`${path} has no syntax tree`)
}

/** Every node of a tree, outer ones first. */
export function* nodesOf(value: unknown): Generator<Node> {
  if (Array.isArray(value)) for (const one of value) yield* nodesOf(one)
  if (!isNode(value)) return
  yield value
  for (const part of Object.values(value)) if (typeof part === 'object') yield* nodesOf(part)
}

export function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'
}

export function nodes(value: unknown): readonly Node[] {
  return Array.isArray(value) ? value.filter(isNode) : []
}

/** The text of a string literal, or of a template up to its first hole. */
export function leadingText(node: unknown): string | undefined {
  if (!isNode(node)) return undefined
  if (node.type === 'Literal' && typeof node['value'] === 'string') return node['value']
  const [first] = node.type === 'TemplateLiteral' ? nodes(node['quasis']) : []
  const value = first?.['value']
  return typeof value === 'object' && value !== null && 'cooked' in value ? String(value.cooked) : undefined
}

/** The whole of a constant string; nothing for one that is put together at run time. */
export function constantText(node: unknown): string | undefined {
  return isNode(node) && (node.type === 'Literal' || nodes(node['expressions']).length === 0)
    ? leadingText(node)
    : undefined
}

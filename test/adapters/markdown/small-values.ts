/** Values in the lines of the small formats: JSON where it is JSON, else the text that stands there. */
import { isDeepStrictEqual } from 'node:util'
import type { Json } from '../../../src/internal.ts'

const SETS: ReadonlySet<string> = new Set(['labels', 'assignees', 'depends'])

export function isSet(name: string): boolean {
  return SETS.has(name)
}

export function valueIn(name: string, source: string): Json {
  const value = jsonIn(source)
  return (name === 'id' || name === 'key') && value !== null && typeof value !== 'string' ? source : value
}

function jsonIn(source: string): Json {
  if (source === '') return null
  try {
    const json: Json = JSON.parse(source)
    return json
  } catch {
    return source
  }
}

export function sourceOf(name: string, value: Json, old: readonly string[]): string | undefined {
  if (isSet(name)) return setSource(Array.isArray(value) ? value.map(String) : [], old)
  if (value === null) return undefined
  const isPlain = typeof value === 'string' && value === value.trim() && !/[\r\n]/.test(value)
  return isPlain && jsonIn(value) === value ? value : JSON.stringify(value)
}

function setSource(wanted: readonly string[], old: readonly string[]): string | undefined {
  const all = [...old.filter((element) => wanted.includes(element)), ...wanted.filter((one) => !old.includes(one))]
  const elements = [...new Set(all)]
  if (elements.length === 0) return undefined
  const source = elements.join(', ')
  return isDeepStrictEqual(elementsOf(source), elements) && !/[\r\n]/.test(source) ? source : JSON.stringify(elements)
}

export function isSameSet(old: readonly string[], value: Json): boolean {
  const wanted: readonly unknown[] = Array.isArray(value) ? value : []
  return isDeepStrictEqual(new Set<unknown>(wanted), new Set<unknown>(old))
}

export function elementsOf(source: string): readonly string[] | undefined {
  if (!source.startsWith('['))
    return [...new Set(source.split(',').map((one) => one.trim()))].filter((one) => one !== '')
  const list = jsonIn(source)
  if (!Array.isArray(list)) return undefined
  const elements: readonly Json[] = list
  return elements.every((one) => typeof one === 'string') ? [...new Set(elements)] : undefined
}

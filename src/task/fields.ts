/** The fields of a task as the document names them: one letter each, with a name behind it where there are many. */

/**
 * A register's name inside a task: a letter, and for `l a d C .` what it is about (`lweb`: the label "web").
 * Letters are part of the document format: add, never reuse.
 */
export type Field = string

export const TITLE = 't'
export const STATUS = 's'
export const PRIORITY = 'p'
export const ORDER = 'o'
export const PARENT = 'P'
export const CREATED = 'c'
/** The number its maker gave it, and the one its arbiter confirmed. */
export const NUMBER = 'k'
export const CONFIRMED = 'K'
/** False, or what the deletion saw. */
export const DELETED = 'x'
/** Left behind by a purge, so that what it saw stays away. */
export const PURGED = 'X'
/** The first text of the body, or which text it grew from. */
export const BODY = 'b'
/** Comments, key order and quoting of the front matter. */
export const SHAPE = 'h'

export const LABEL = 'l'
export const ASSIGNEE = 'a'
export const DEPENDENCY = 'd'
export const COMMENT = 'C'
/** Any field the product does not know. */
export const OTHER = '.'

const NAMED = new Set([LABEL, ASSIGNEE, DEPENDENCY, COMMENT, OTHER])
const KNOWN = new Set([
  TITLE,
  STATUS,
  PRIORITY,
  ORDER,
  PARENT,
  CREATED,
  NUMBER,
  CONFIRMED,
  DELETED,
  PURGED,
  BODY,
  SHAPE,
])

export function isNamed(letter: string): boolean {
  return NAMED.has(letter)
}

export function isKnown(letter: string): boolean {
  return KNOWN.has(letter) || NAMED.has(letter)
}

/** The part behind the letter. */
export function nameOf(field: Field): string {
  return field.slice(1)
}

const PUBLIC: readonly (readonly [string, string])[] = [
  [TITLE, 'title'],
  [STATUS, 'status'],
  [PRIORITY, 'priority'],
  [ORDER, 'order'],
  [PARENT, 'parent'],
  [CREATED, 'created'],
  [NUMBER, 'key'],
  [CONFIRMED, 'confirmed'],
  [DELETED, 'deleted'],
  [PURGED, 'purged'],
  [BODY, 'body'],
  [SHAPE, 'shape'],
  [LABEL, 'labels'],
  [ASSIGNEE, 'assignees'],
  [DEPENDENCY, 'dependsOn'],
  [COMMENT, 'comments'],
]
const TO_PUBLIC = new Map(PUBLIC)
const FROM_PUBLIC = new Map(PUBLIC.map(([letter, name]) => [name, letter]))

/** What people call the field: `status`, `labels`, or its own name. */
export function publicName(field: Field): string {
  return field.startsWith(OTHER) ? nameOf(field) : (TO_PUBLIC.get(field.slice(0, 1)) ?? field)
}

/** The field that a person named. Sets have no single field: their letter alone comes back. */
export function fieldNamed(name: string): Field {
  return FROM_PUBLIC.get(name) ?? OTHER + name
}

export function isReservedName(name: string): boolean {
  return FROM_PUBLIC.has(name) || RESERVED.has(name)
}

/** Names that mean something in JSON, files or methods and so cannot be a person's own field. */
const RESERVED = new Set([
  'id',
  'uid',
  'key',
  'depends',
  'assignee',
  'label',
  'updated',
  'createdAt',
  'updatedAt',
  'ready',
  'claim',
  'conflicts',
  'fields',
  'path',
  '__proto__',
  'constructor',
  'prototype',
])

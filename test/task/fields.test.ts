/** Names of fields: the document's letters, what people call them, and what nobody may name a field of their own. */
import { describe, expect, it } from 'vitest'
import { fieldNamed, isKnown, isNamed, isReservedName, nameOf, publicName } from '../../src/task/fields.ts'

const LETTERS = 'tspoPckKxXbhladC'.split('')

describe('fields', () => {
  it('[E9] each letter has one name and each name one letter; they never change', () => {
    const names = LETTERS.map((letter) => `${letter} ${publicName(letter)}`)
    expect(names).toEqual([
      't title',
      's status',
      'p priority',
      'o order',
      'P parent',
      'c created',
      'k key',
      'K confirmed',
      'x deleted',
      'X purged',
      'b body',
      'h shape',
      'l labels',
      'a assignees',
      'd dependsOn',
      'C comments',
    ])
    for (const letter of LETTERS) expect(fieldNamed(publicName(letter))).toBe(letter)
  })

  it('[E9] elements are called like their set, a field of one\u2019s own by its name', () => {
    expect([publicName('lweb'), publicName('d4fq7k2m9x3'), publicName('.estimate'), publicName('.')]).toEqual([
      'labels',
      'dependsOn',
      'estimate',
      '',
    ])
    expect([fieldNamed('estimate'), nameOf('.estimate'), publicName('?')]).toEqual(['.estimate', 'estimate', '?'])
  })

  it('[E9] only sets, comments and fields of one\u2019s own have names behind their letter', () => {
    expect([...LETTERS, '.'].filter(isNamed).join('')).toBe('ladC.')
    expect([...LETTERS, '.'].every(isKnown)).toBe(true)
    expect(['z', 'Z', '?', ' ', '\t'].some(isKnown)).toBe(false)
  })

  it('[I6] a name that means something already is reserved', () => {
    const reserved = [
      'title',
      'status',
      'labels',
      'depends',
      'body',
      'key',
      'id',
      'uid',
      'dependsOn',
      'ready',
      'claim',
      'conflicts',
      'fields',
      'path',
      'createdAt',
      '__proto__',
      'constructor',
      'prototype',
    ]
    expect(reserved.filter((name) => !isReservedName(name))).toEqual([])
    expect(['estimate', 'due', 'toString', 'Title'].filter(isReservedName)).toEqual([])
  })
})

/** docs/errors.md says what the error table says. `UPDATE=1 npx vitest run test/repo/errors.test.ts` writes it. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { errorTable } from '../../src/errors.ts'
import { read, root } from './source.ts'

const DOCS = 'docs/errors.md'

const exits: Readonly<Record<number, string>> = {
  0: 'done',
  1: 'fault',
  2: 'usage or invalid input; nothing was changed',
  3: 'not found',
  4: 'refused: held by another, a conflict, or a condition that is not met',
  5: 'relay unreachable; the work is saved on this machine',
  6: 'a lock or the time ran out',
  7: 'not authorised',
}

function page(): string {
  const exitRows = Object.entries(exits).map(([code, meaning]) => `| ${code} | ${meaning} |`)
  const rows = Object.entries(errorTable)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(
      ([code, { sentence, hint, exit, http, rpc }]) =>
        `| \`${code}\` | ${cell(sentence)} | ${cell(hint)} | ${exit} | ${http} | ${rpc} |`,
    )
  return `# Errors

<!-- Generated from src/errors.ts by \`UPDATE=1 npx vitest run test/repo/errors.test.ts\`. A test compares. -->

A command that fails prints \`tide: <what is wrong>\` and \`hint: <what to do>\` on stderr. With \`--json\` it prints
\`{"error":{"code":…,"message":…,"hint":…,"details":{…}}}\` on stdout instead. The code is stable: write programs against
it and against the exit code, never against the sentence. Words in braces are filled in from \`details\`.

## Exit codes

| exit | means |
|---|---|
${exitRows.join('\n')}

## Codes

| code | what is wrong | what to do | exit | HTTP | JSON-RPC |
|---|---|---|---|---|---|
${rows.join('\n')}
`
}

/** A bar would end the cell, and an angle bracket begin a tag. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;')
}

describe('errors', () => {
  const all = Object.entries(errorTable)

  it(`${DOCS} lists every code with its sentence, hint and numbers`, () => {
    const text = page()
    if (process.env['UPDATE'] === '1') writeFileSync(join(root, DOCS), text)
    expect(text, 'run: UPDATE=1 npx vitest run test/repo/errors.test.ts').toBe(read(DOCS))
  })

  it.each(all)('%s is a code, a sentence and a hint as the style asks', (code, { sentence, hint, exit, http }) => {
    expect(code).toMatch(/^[A-Z]+(?:_[A-Z]+)*$/)
    for (const words of [sentence, hint])
      expect(words, 'one line, no full stop at its end').toMatch(/^\S(?:.*[^.\s])?$/)
    expect(exits, `exit ${exit}`).toHaveProperty(String(exit))
    expect(http).toBeGreaterThanOrEqual(400)
    expect(http).toBeLessThan(600)
  })

  it('no hint suggests a destructive command', () => {
    expect(
      all
        .filter(([, { hint }]) => /\btide (?:delete|purge|drop)\b|--force\b|\brm\b|\bkill\b/.test(hint))
        .map(([code]) => code),
    ).toEqual([])
  })
})

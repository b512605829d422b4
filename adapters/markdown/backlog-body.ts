/**
 * Bodies of new tasks as Backlog.md writes them: sections with their headings and markers, in its order. A body is free text
 * to the format; only a task that is made here for the first time is given these, so that the program shows its description.
 */
export interface BacklogSections {
  readonly description?: string
  readonly acceptanceCriteria?: readonly string[]
  readonly definitionOfDone?: readonly string[]
  readonly plan?: string
  readonly notes?: string
  readonly finalSummary?: string
}

/** Empty sections are left out. A text that has a heading or marker of the program already is taken as it stands. */
export function backlogBody(sections: BacklogSections): string {
  const { description = '', acceptanceCriteria = [], definitionOfDone = [] } = sections
  const blocks = [
    KNOWN.test(description) ? description.trim() : prose('Description', 'DESCRIPTION', description),
    checklist('Acceptance Criteria', 'AC', acceptanceCriteria),
    checklist('Definition of Done', 'DOD', definitionOfDone),
    prose('Implementation Plan', 'PLAN', sections.plan),
    prose('Implementation Notes', 'NOTES', sections.notes),
    prose('Final Summary', 'FINAL_SUMMARY', sections.finalSummary),
  ].filter((block) => block !== '')
  return blocks.length === 0 ? '' : `${blocks.join('\n\n')}\n`
}

const TITLES =
  'Description|Acceptance Criteria|Definition of Done|Implementation Plan|Implementation Notes|Comments|Final Summary'
const KNOWN = new RegExp(`^## (?:${TITLES})[ \\t]*$|^<!-- (?:SECTION:[A-Z_]+|AC|DOD|COMMENTS):BEGIN -->`, 'im')

function prose(title: string, marker: string, text = ''): string {
  const said = text.replace(/\r\n?/g, '\n').trim()
  if (said === '') return ''
  return `## ${title}\n\n<!-- SECTION:${marker}:BEGIN -->\n${said}\n<!-- SECTION:${marker}:END -->`
}

function checklist(title: string, marker: string, items: readonly string[]): string {
  const lines = items.map((item) => item.replace(/\s+/g, ' ').trim()).filter((item) => item !== '')
  if (lines.length === 0) return ''
  const numbered = lines.map((item, place) => `- [ ] #${place + 1} ${item}\n`).join('')
  return `## ${title}\n<!-- ${marker}:BEGIN -->\n${numbered}<!-- ${marker}:END -->`
}

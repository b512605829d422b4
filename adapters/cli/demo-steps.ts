/** What `tide demo` plays: the commands, what each is to show, and the words around them. */

export interface DemoStep {
  readonly about: string
  /** After `tide`; `{1}` is the key of the first task that was added. */
  readonly args: readonly string[]
  /** Must be in the output; must not be in it. */
  readonly shows?: string
  readonly hides?: string
  /** @default 0 */
  readonly exit?: number
}

export const demoSteps: readonly DemoStep[] = [
  {
    about: 'A directory becomes a workspace. The file tidemark.json is for your repository.',
    args: ['init', '--relay', 'none'],
  },
  {
    about: 'Three tasks; each command prints the key of its task.',
    args: ['add', 'Draw the plan', '-p', 'high', '--as', 'sara'],
  },
  {
    about: 'The second waits for the first ...',
    args: ['add', 'Build the bridge', '-l', 'site', '--depends', '{1}', '--as', 'sara'],
  },
  { about: '... and the third for both.', args: ['add', 'Open the bridge', '--depends', '{1},{2}', '--as', 'sara'] },
  { about: 'What can be started now? Only what waits for nothing.', args: ['ready'], shows: '{1}', hides: '{2}' },
  { about: 'An agent begins with it ...', args: ['start', '{1}', '--as', 'agent-1'], shows: '{1}' },
  {
    about: '... which keeps every other one out ...',
    args: ['claim', '{1}', '--as', 'agent-2'],
    shows: 'held by agent:agent-1',
    exit: 4,
  },
  { about: '... and finishes it.', args: ['done', '{1}', '--as', 'agent-1'], shows: '{1}' },
  { about: 'So the second is ready, the third is not yet.', args: ['ready'], shows: '{2}', hides: '{3}' },
  {
    about: 'Several fields change at once: labels are a set, estimate is a field of our own.',
    args: ['set', '{2}', 'priority=critical', 'labels+=urgent', 'estimate=3', '--as', 'sara'],
    shows: '{2}',
  },
  { about: 'Then a mistake: the agent drops the wrong task.', args: ['drop', '{2}', '--as', 'agent-1'], shows: '{2}' },
  { about: 'History says who did what, and when.', args: ['history', '{2}', '--limit', '2'], shows: 'agent-1' },
  {
    about: 'The mistake is taken back, as a new change.',
    args: ['undo', '{2}', '--as', 'sara'],
    shows: '{2}',
  },
  { about: 'And the second task is ready again.', args: ['ready'], shows: '{2}' },
]

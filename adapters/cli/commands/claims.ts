/** `tide claims`: what is held, by whom, until when; and what was lost here. */
import { defineCommand, type CommandDescriptor, type Common } from '../command.ts'
import { callWorkspace, printJson, say } from '../io.ts'

export const command: CommandDescriptor<Common> = defineCommand<Common>({
  about: `Oldest first. A ~ stands before the name of who holds it tentatively: the relay has not
agreed yet. A claim is lost where the relay gave the task to somebody else while
it could not be asked from here; what was written meanwhile is kept. That is
told for a week, or until tide release of the task.

On a pipe tab-separated: key, holder, until, token, state, scope, title, since.
Of a lost one: when it was lost, no token, "lost", and who holds it for the
title.`,
  examples: [
    ['tide claims', 'who works on what'],
    ['tide claims --json | jq ".claims[].key"', 'for a program'],
  ],
  grammar: () => undefined,
  options: ({ common }) => common,
  async run(options, world) {
    const answer = await callWorkspace(options, world, 'claims.list', {})
    const { claims, lost, fresh } = answer
    if (options.json) return printJson(world, { claims, lost, fresh })
    const { claimsText } = await import('../claim-lines.ts')
    world.stdout.write(claimsText(answer, world.stdout))
    if (!fresh) world.stderr.write('tide: the relay could not be asked: this is what was known last\n')
    if (claims.length === 0) say(options, world, 'nobody holds anything')
  },
})

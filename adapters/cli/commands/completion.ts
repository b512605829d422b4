/** `tide completion`: the script that lets a shell ask `tide __complete` what could come next. */
import { bashCompletion, zshCompletion } from '../completion-scripts.ts'
import { defineCommand, type CommandDescriptor, type Common } from '../command.ts'
import { printJson } from '../io.ts'
import { quote, refuse } from '../values.ts'

export interface CompletionOptions extends Common {
  readonly shell: 'bash' | 'zsh'
}

export const command: CommandDescriptor<CompletionOptions> = defineCommand<CompletionOptions>({
  about: 'Completes commands, options, keys of tasks, statuses, labels and people.',
  examples: [
    ['eval "$(tide completion bash)"', 'in ~/.bashrc'],
    ['eval "$(tide completion zsh)"', 'in ~/.zshrc, after compinit'],
  ],
  grammar(grammar) {
    grammar.argument('<shell>', 'bash or zsh')
  },
  options({ common, words: [shell = ''] }) {
    if (shell === 'bash' || shell === 'zsh') return { ...common, shell }
    throw refuse('shell', `there is no completion for ${quote(shell)}`, 'use bash or zsh')
  },
  async run({ shell, json }, world) {
    const script = shell === 'bash' ? bashCompletion : zshCompletion
    if (json) printJson(world, { shell, script })
    else world.stdout.write(script)
  },
})

/** `tide token`: who may come to this project at its relay. */
import type { Rights } from '../background.ts'
import { defineCommand, type CommandDescriptor, type Common } from '../command.ts'
import { printJson, say } from '../io.ts'
import { misuse, quote } from '../values.ts'

export type TokenOptions = Common &
  (
    | { readonly action: 'create'; readonly rights: Rights; readonly label: string }
    | { readonly action: 'list' }
    | { readonly action: 'revoke'; readonly id: string }
  )

export const command: CommandDescriptor<TokenOptions> = defineCommand<TokenOptions>({
  about:
    'Once a project has a token nobody comes in without one; workspaces on the machine of its relay still do. A token is shown once.',
  examples: [
    ['tide token create --rights write --label sara', 'prints a token for someone else to join with'],
    ['tide token list', 'without the tokens themselves'],
    ['tide token revoke 4hZ1qk8B', 'whoever is connected with it is sent away'],
  ],
  grammar(grammar) {
    grammar
      .argument('<action>', 'create, list or revoke')
      .argument('[id]', 'the token to revoke, as list shows it')
      .option('--rights <rights>', 'read, write or admin (default: write)')
      .option('--label <words>', 'what it is for')
  },
  options({ common, words: [action, id], text }) {
    switch (action) {
      case 'create':
        if (id !== undefined) throw misuse('token', 'create takes no id')
        return { ...common, action, rights: rightsIn(text('rights') ?? 'write'), label: text('label') ?? '' }
      case 'list':
        return { ...common, action }
      case 'revoke':
        if (id === undefined) throw misuse('token', 'revoke takes the id of a token: see tide token list')
        return { ...common, action, id }
      case undefined:
      default:
        throw misuse('token', `${quote(action ?? '')} is none of create, list, revoke`)
    }
  },
  async run(options, world) {
    const background = await world.background()
    switch (options.action) {
      case 'create': {
        const made = await background.createToken(options.dir, options.rights, options.label)
        if (options.json) return printJson(world, { token: made })
        world.stdout.write(`${made.token}\n`)
        return say(options, world, `${made.rights}, id ${made.id}: it is not shown again`)
      }
      case 'list': {
        const tokens = await background.listTokens(options.dir)
        if (options.json) return printJson(world, { tokens })
        if (tokens.length === 0) say(options, world, 'no token was made for this project')
        const { printable } = await import('../width.ts')
        const lines = tokens.map(({ id, rights, createdAt, label }) =>
          [id, rights, createdAt, printable(label)].join('\t'),
        )
        return world.stdout.write(lines.map((line) => `${line}\n`).join(''))
      }
      case 'revoke': {
        const revoked = await background.revokeToken(options.dir, options.id)
        if (options.json) printJson(world, { revoked })
        else world.stdout.write(revoked ? 'revoked\n' : 'there is no such token\n')
        return revoked ? 0 : NOT_FOUND_EXIT
      }
    }
  },
})

const NOT_FOUND_EXIT = 3

function rightsIn(text: string): Rights {
  if (text === 'read' || text === 'write' || text === 'admin') return text
  throw misuse('token', `${quote(text)} is none of read, write, admin`)
}

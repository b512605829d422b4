/** The commands by name: what top-level help says of them, and where each is loaded from when it is asked for. */
import type { LoadedCommand } from './command.ts'

/** The headings of top-level help, in order. */
export const groups = ['Workspace', 'Tasks', 'Work', 'Claims', 'Together', 'What happened', 'Other'] as const

export interface CommandEntry {
  readonly name: string
  /** Without a full stop. */
  readonly summary: string
  /** The heading in top-level help; none for a command that people do not type. */
  readonly group?: (typeof groups)[number]
  readonly load: () => Promise<{ readonly command: LoadedCommand }>
}

const EVERY_DAY = 'Tasks'
const WORK = 'Work'
const CLAIMS = 'Claims'
const TAKE_BACK = 'What happened'
const PLACE = 'Workspace'
const LIVE = 'Together'
const OTHER = 'Other'

/** In the order of top-level help. */
export const commandTable: readonly CommandEntry[] = [
  { name: 'init', group: PLACE, summary: 'make this directory a workspace', load: () => import('./commands/init.ts') },
  { name: 'add', group: EVERY_DAY, summary: 'add a task and print its key', load: () => import('./commands/add.ts') },
  { name: 'list', group: EVERY_DAY, summary: 'list tasks', load: () => import('./commands/list.ts') },
  {
    name: 'ready',
    group: EVERY_DAY,
    summary: 'list what can be started now',
    load: () => import('./commands/ready.ts'),
  },
  {
    name: 'show',
    group: EVERY_DAY,
    summary: 'show one task with its body and comments',
    load: () => import('./commands/show.ts'),
  },
  {
    name: 'search',
    group: EVERY_DAY,
    summary: 'find tasks by words in title and body',
    load: () => import('./commands/search.ts'),
  },
  {
    name: 'edit',
    group: EVERY_DAY,
    summary: "open a task's file in your editor",
    load: () => import('./commands/edit.ts'),
  },
  {
    name: 'set',
    group: EVERY_DAY,
    summary: 'change fields of one or several tasks',
    load: () => import('./commands/set.ts'),
  },
  {
    name: 'comment',
    group: EVERY_DAY,
    summary: 'append a comment to a task',
    load: () => import('./commands/comment.ts'),
  },
  {
    name: 'move',
    group: EVERY_DAY,
    summary: 'put a task before, after or below another',
    load: () => import('./commands/move.ts'),
  },
  {
    name: 'start',
    group: WORK,
    summary: 'claim tasks and begin work on them',
    load: () => import('./commands/start.ts'),
  },
  { name: 'done', group: WORK, summary: 'mark tasks as done', load: () => import('./commands/done.ts') },
  { name: 'drop', group: WORK, summary: 'close tasks that will not be done', load: () => import('./commands/drop.ts') },
  { name: 'reopen', group: WORK, summary: 'open closed tasks again', load: () => import('./commands/reopen.ts') },
  {
    name: 'delete',
    group: WORK,
    summary: 'delete tasks; they can be restored',
    load: () => import('./commands/delete.ts'),
  },
  { name: 'restore', group: WORK, summary: 'bring deleted tasks back', load: () => import('./commands/restore.ts') },
  { name: 'purge', group: WORK, summary: 'remove deleted tasks for good', load: () => import('./commands/purge.ts') },
  {
    name: 'claim',
    group: CLAIMS,
    summary: 'hold tasks, so that nobody else works on them',
    load: () => import('./commands/claim.ts'),
  },
  { name: 'renew', group: CLAIMS, summary: 'hold tasks for longer', load: () => import('./commands/renew.ts') },
  {
    name: 'release',
    group: CLAIMS,
    summary: 'hold tasks no longer',
    load: () => import('./commands/release.ts'),
  },
  {
    name: 'claims',
    group: CLAIMS,
    summary: 'list who holds what, and what was lost',
    load: () => import('./commands/claims.ts'),
  },
  {
    name: 'assign',
    group: CLAIMS,
    summary: 'share out what is ready among several',
    load: () => import('./commands/assign.ts'),
  },
  {
    name: 'history',
    group: TAKE_BACK,
    summary: 'who changed what, when, from where',
    load: () => import('./commands/history.ts'),
  },
  {
    name: 'undo',
    group: TAKE_BACK,
    summary: 'take one change back, as a new change',
    load: () => import('./commands/undo.ts'),
  },
  {
    name: 'conflicts',
    group: TAKE_BACK,
    summary: 'list values that lost a race',
    load: () => import('./commands/conflicts.ts'),
  },
  { name: 'resolve', group: TAKE_BACK, summary: 'settle a conflict', load: () => import('./commands/resolve.ts') },
  {
    name: 'status',
    group: PLACE,
    summary: 'what is running, saved, unsynced, odd',
    load: () => import('./commands/status.ts'),
  },
  {
    name: 'sync',
    group: PLACE,
    summary: 'exchange with the task files and the relay once',
    load: () => import('./commands/sync.ts'),
  },
  {
    name: 'up',
    group: LIVE,
    summary: 'keep this workspace live in the background',
    load: () => import('./commands/up.ts'),
  },
  { name: 'down', group: LIVE, summary: 'end what tide up began', load: () => import('./commands/down.ts') },
  {
    name: 'join',
    group: LIVE,
    summary: "connect this directory to a team's relay",
    load: () => import('./commands/join.ts'),
  },
  {
    name: 'token',
    group: LIVE,
    summary: 'who may come to this project at its relay',
    load: () => import('./commands/token.ts'),
  },
  {
    name: 'server',
    group: LIVE,
    summary: 'start, stop or ask the relay where workspaces meet',
    load: () => import('./commands/server.ts'),
  },
  {
    name: 'config',
    group: PLACE,
    summary: 'read or change the settings of the project',
    load: () => import('./commands/config.ts'),
  },
  {
    name: 'backup',
    group: PLACE,
    summary: 'write the whole project into one file',
    load: () => import('./commands/backup.ts'),
  },
  { name: 'recover', group: PLACE, summary: 'merge a backup back in', load: () => import('./commands/recover.ts') },
  {
    name: 'doctor',
    group: PLACE,
    summary: 'check the workspace, and mend it with --fix',
    load: () => import('./commands/doctor.ts'),
  },
  {
    name: 'completion',
    group: OTHER,
    summary: 'print the completion script of a shell',
    load: () => import('./commands/completion.ts'),
  },
  {
    name: 'demo',
    group: OTHER,
    summary: 'show the main job in a folder that is removed again',
    load: () => import('./commands/demo.ts'),
  },
  { name: '__complete', summary: 'answer a completion script', load: () => import('./commands/complete.ts') },
]

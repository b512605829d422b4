/**
 * What the members of a task mean in task-master's tasks.json, and what it can still read.
 *
 * The body is `details`, the one text that runs over many lines; `description` and `testStrategy` are fields under their
 * own names, as is every member that nobody knows. `tags` are the labels, `assignee` is who works on it, `dependencies`
 * are what it depends on. Statuses and priorities are said as they are written. It refuses a whole list when one task
 * in it lacks a title, a description, or a status and priority of its own: those are never taken out or set otherwise.
 */
import type { Json } from '../../src/internal.ts'
import { rolesOf, type RecordRules } from './record-rules.ts'

const STATUSES = ['pending', 'in-progress', 'done', 'deferred', 'cancelled', 'blocked', 'review']
const PRIORITIES = ['low', 'medium', 'high', 'critical']

const ORDER =
  'id title description details testStrategy status dependencies priority subtasks parentTaskId tags assignee'

const rules: Omit<RecordRules, 'roles'> = {
  tool: 'taskmaster',
  texts: { title: ['title'], status: ['status'], priority: ['priority'] },
  sets: {
    depends: { member: 'dependencies', isSingle: false },
    labels: { member: 'tags', isSingle: false },
    assignees: { member: 'assignee', isSingle: true },
  },
  body: 'details',
  structure: ['id', 'subtasks', 'parentTaskId', 'parentId'],
  order: ORDER.split(' '),
  accepts(field: string, value: Json): boolean {
    if (field === 'title' || field === 'description') return typeof value === 'string' && value.trim() !== ''
    if (field === 'status') return typeof value === 'string' && STATUSES.includes(value)
    return field !== 'priority' || (typeof value === 'string' && PRIORITIES.includes(value))
  },
}

export const taskmasterRules: RecordRules = { ...rules, roles: rolesOf(rules) }

/**
 * What the members of a todo mean in state.todo2.json, in both schemas: the extension writes `name` and `created`, other
 * programs `content` and `created_at`. The first that is there is the title (the time of creation); the other one, where
 * both are there, is a field like any other. The body is `long_description`, the parent `parent_id`. `changes`,
 * `cursorInsight`, `lastModified` and whatever nobody knows are fields under their own names.
 */
import { rolesOf, type RecordRules } from './record-rules.ts'

const ORDER =
  'id name content long_description status created created_at lastModified taskNumber priority tags dependencies parent_id assignee'

const rules: Omit<RecordRules, 'roles'> = {
  tool: 'todo2',
  texts: {
    title: ['name', 'content'],
    status: ['status'],
    priority: ['priority'],
    parent: ['parent_id'],
    created: ['created', 'created_at'],
  },
  sets: {
    depends: { member: 'dependencies', isSingle: false },
    labels: { member: 'tags', isSingle: false },
    assignees: { member: 'assignee', isSingle: true },
  },
  body: 'long_description',
  structure: ['id', 'taskNumber'],
  order: ORDER.split(' '),
  accepts(field, value) {
    // Without the one the other of two would take its place.
    if (field === 'created') return typeof value === 'string'
    return (field !== 'title' && field !== 'status') || (typeof value === 'string' && value.trim() !== '')
  },
}

export const todo2Rules: RecordRules = { ...rules, roles: rolesOf(rules) }

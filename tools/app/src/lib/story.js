/* The story of a change in words: what was done, what became of it. */
import { shallowReactive, watch } from 'vue'
import { station, state } from '../station/index.js'
import { isChinese, failure, s } from '../words/index.js'

export const STATES = ['waiting', 'sent', 'merged', 'overwritten', 'refused', 'attention']

/* What the station says of it, as one of STATES. */
export function stateOf(entry) {
  switch (entry.state) {
    case 'sealed': return entry.sent_at ? 'sent' : 'waiting' // packed for the way, which may not be open yet
    case 'merged':
    case 'merged with conflicts':
    case 'conflicts': return overwrittenOf(entry).some(one => one.conflict) ? 'overwritten' : 'merged'
    default: return STATES.includes(entry.state) ? entry.state : 'waiting'
  }
}
/* What somebody else put in its place. */
export const overwrittenOf = entry => entry.changes?.flatMap(change => change.overwritten ?? []) ?? []

/* A command's title in the language of the page. */
export function titleOf({ title, title_zh: chinese, command }) {
  return (isChinese() ? chinese : title?.replace(/[.。]$/, '')) ?? title ?? command
}
/* What it was about: the row that people have a name for. */
export function subjectOf(entry) {
  return entry.changes?.find(change => change.label)?.label ?? ''
}
/* Why it was not taken, as a sentence. */
export function reasonOf(entry) {
  return entry.code ? failure({ code: entry.code, field: entry.field, message: entry.message, command: entry.command }) : ''
}
/* Whether it touched the record, or something that belongs to it. */
export function concerns(entry, id) {
  return entry.changes?.some(change => change.key === id || change.cells.some(cell => cell.value === id && cell.column.endsWith('_id') && !/^(from|to)_/.test(cell.column)))
}

const PATHS = { customer: 'customer', opportunity: 'opportunity' }
/* Where the record is shown: {name, params}, or null. */
export function placeOf(changes = []) {
  for (const { table, key, cells } of changes) {
    if (table in PATHS) return { name: PATHS[table], params: { id: key } }
    for (const target of ['opportunity', 'customer']) {
      const id = cells.find(cell => cell.column === target + '_id')?.value
      if (id) return { name: target, params: { id } }
    }
  }
  return null
}

/*
 * With the kept conflicts in which its value stands (`won`). A conflict names the moment each side was written, which is when its
 * change was made.
 */
export function withConflicts(entries, conflicts) {
  return entries.map(entry => {
    const mine = one => one.winner_at === entry.made_at && one.winner_user_id === entry.user_id
    return { ...entry, won: conflicts.filter(one => mine(one) && entry.changes?.some(change => change.key === one.subject_id)) }
  })
}

/* This station's story, asked once for all that show it. */
const stories = shallowReactive({ entries: [], loaded: false, error: null })
let users = 0
let stop = null
let asking = 0
const LIMIT = 300
async function load() {
  if (!state.user) return
  const mine = ++asking
  try {
    const [entries, conflicts] = await Promise.all([station.story(LIMIT), station.ask('conflict.list', { all: true, limit: LIMIT })])
    if (mine === asking) Object.assign(stories, { entries: withConflicts(entries, conflicts), loaded: true, error: null })
  } catch (cause) {
    if (mine === asking) stories.error = cause
  }
}
/* `onEnd`: Vue's onScopeDispose of the page that uses it. */
export function useStory(onEnd) {
  if (users++ === 0) stop = watch(() => [state.user?.id, state.changes], load, { immediate: true })
  onEnd(() => {
    if (--users === 0) stop()
  })
  return stories
}
export const stateWord = state => s('change.is_' + state)

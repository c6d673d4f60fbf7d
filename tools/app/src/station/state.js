/* What every page may show at once. Reactive; written here only. */
import { reactive } from 'vue'
import { carrier } from './http.js'

export const state = reactive({
  opened: false, // the first answer has come
  mode: 'app', // or 'console'
  enrolled: true,
  station: {},
  user: null, // {id, name, code, roles, secret}
  people: [],
  version: '',
  status: {}, // satchel_status
  marks: { pending: {}, conflict: {}, refused: {}, attention: {} },
  syncing: false,
  progress: null, // {phase, rows, rows_left, bytes, waiting, since}
  away: false, // the program behind the page does not answer
  changes: 0 // grows whenever rows may have changed: what shows rows asks again
})

export const isManager = () => has('manager') || has('hq')
export const isHeadquarters = () => has('hq') || has('admin')
export const has = role => state.user?.roles?.includes(role) ?? false

export function took(answer) {
  state.opened = true
  state.mode = answer.mode
  state.enrolled = answer.enrolled
  state.station = answer.station ?? {}
  if (state.user?.id !== answer.user?.id) state.changes++
  state.user = answer.user
  state.people = answer.people ?? []
  state.version = answer.version
}

export async function refreshStatus() {
  if (state.user) state.status = await carrier.status().catch(() => state.status)
}

export async function refreshMarks() {
  if (state.user) state.marks = await carrier.marks().catch(() => state.marks)
}

/* Several events in a row cost one refresh. */
let planned = 0
function soon() {
  if (planned) return
  planned = setTimeout(() => {
    planned = 0
    state.changes++
    refreshStatus()
    refreshMarks()
  }, 120)
}

const listeners = new Set()
export function listen(listener) {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export function tell(event, numbers) {
  if (event === 'progress') {
    state.syncing = true
    state.progress = { since: state.progress?.since ?? Date.now(), ...numbers }
  } else {
    if (event === 'synced' || event === 'offline' || event === 'sync_failed') {
      state.syncing = false
      state.progress = null
    }
    soon()
  }
  for (const listener of listeners) listener(event, numbers)
}

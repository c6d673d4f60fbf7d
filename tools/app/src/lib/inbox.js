/* What needs a person's eye, asked once for the bell and the page. */
import { shallowReactive, watch } from 'vue'
import { station, state } from '../station/index.js'

export const inbox = shallowReactive({ loaded: false, error: null, notices: [], conflicts: [], refusals: [], attention: [] })

let asking = 0
async function load() {
  if (!state.user) return
  const mine = ++asking
  try {
    const [answer, open] = await Promise.all([station.inbox(), station.ask('refusal.list', { limit: 1000 })])
    if (mine !== asking) return
    const unsettled = new Set(open.map(({ id }) => id))
    Object.assign(inbox, answer, { refusals: answer.refusals.filter(({ transaction }) => unsettled.has(transaction)), loaded: true, error: null })
  } catch (cause) {
    if (mine === asking) inbox.error = cause
  }
}

let watching = false
export function useInbox() {
  if (!watching) {
    watching = true
    watch(() => [state.user?.id, state.changes], load, { immediate: true })
  }
  return inbox
}
/* Of a conflict or a refusal there is a card of its own: the notice that tells of it says nothing more. */
const TOLD_OTHERWISE = new Set(['conflict.overwritten', 'transaction.refused'])
export function ownNotices(notices) {
  return notices.filter(({ kind }) => !TOLD_OTHERWISE.has(kind))
}
export const countOf = ({ notices, conflicts, refusals, attention }) => ownNotices(notices).length + conflicts.length + refusals.length + attention.length

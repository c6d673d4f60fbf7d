/* The company's own lists (sources, reasons, kinds of interactions): what a code is called, and what can be chosen. */
import { shallowRef, watch } from 'vue'
import { station, state } from '../station/index.js'
import { both } from '../words/index.js'

const items = shallowRef([])
let asked = ''

async function load() {
  const user = state.user?.id ?? ''
  asked = user
  if (!user) return
  const rows = await station.ask('list.items', { all: true }).catch(() => null)
  if (rows && asked === user) items.value = rows
}
let watching = false
function watchLists() {
  if (watching) return
  watching = true
  watch(() => [state.user?.id, state.changes], load, { immediate: true })
}

export function useLists() {
  watchLists()
  /* What an entry is called; '' for none, the code itself when the list does not know it. */
  const listed = (list, code) => (code ? both(items.value.find(item => item.list === list && item.code === code), 'name') || code : '')
  /* For a choice: [{value, label}]. */
  const choices = list => items.value.filter(item => item.list === list && item.active).map(item => ({ value: item.code, label: both(item, 'name') }))
  return { listed, choices, items }
}

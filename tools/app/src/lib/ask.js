/* A query's rows, kept fresh: asks again when arguments or the station's rows change; the old rows stay on screen meanwhile. */
import { ref, shallowRef, watch, onActivated, onDeactivated, onScopeDispose } from 'vue'
import { station, state } from '../station/index.js'

/* `args`: a function that gives the arguments, or null when there is nothing to ask yet. */
export function useAsk(query, args = () => ({})) {
  const rows = shallowRef([])
  const error = ref(null)
  const loading = ref(true)
  const loaded = ref(false)
  let controller = null
  let active = true
  let stale = false

  async function refresh() {
    const wanted = args()
    if (wanted === null || !state.user) return
    if (!active) {
      stale = true // a page that is kept but not shown asks when it is shown again
      return
    }
    controller?.abort()
    const mine = (controller = new AbortController())
    loading.value = true
    try {
      const answer = await station.ask(query, wanted, mine.signal)
      if (mine.signal.aborted) return
      rows.value = answer
      error.value = null
      loaded.value = true
    } catch (cause) {
      if (mine.signal.aborted) return
      error.value = cause
    }
    loading.value = false
  }
  watch([args, () => state.changes], refresh, { immediate: true, deep: true })
  onDeactivated(() => (active = false))
  onActivated(() => {
    active = true
    if (stale) refresh()
    stale = false
  })
  onScopeDispose(() => controller?.abort())
  return { rows, error, loading, loaded, refresh }
}

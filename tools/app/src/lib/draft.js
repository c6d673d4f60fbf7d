/* What is being typed survives a closed page, per person and form. */
import { reactive, watch } from 'vue'
import { state } from '../station/index.js'

export function useDraft(form, empty) {
  const key = `satchel.draft.${state.user?.id ?? ''}.${form}`
  const draft = reactive({ ...empty() })
  let kept = false
  try {
    const text = localStorage.getItem(key)
    if (text) {
      Object.assign(draft, JSON.parse(text))
      kept = true
    }
  } catch {
    localStorage.removeItem(key)
  }
  watch(draft, () => localStorage.setItem(key, JSON.stringify(draft)), { deep: true })
  function clear() {
    for (const name of Object.keys(draft)) delete draft[name]
    Object.assign(draft, empty())
    queueMicrotask(() => localStorage.removeItem(key))
  }
  return { draft, clear, kept }
}

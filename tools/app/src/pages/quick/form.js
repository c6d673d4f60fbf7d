/* What the quick forms have in common: a draft that survives, one command, and the way on. */
import { ref } from 'vue'
import { useRoute, useRouter } from 'vue-router'
import { useAct } from '../../lib/act.js'
import { useDraft } from '../../lib/draft.js'

/* `empty` gets the address's query. A draft belongs to its form and to what the form is about. */
export function useForm(name, empty) {
  const { query } = useRoute()
  const router = useRouter()
  const about = [query.customer, query.opportunity].filter(Boolean).join('.')
  const { draft, clear, kept: found } = useDraft(about ? `${name}.${about}` : name, () => empty(query))
  const kept = ref(found)
  const { act, busy, error } = useAct()

  function discard() {
    clear()
    kept.value = false
    error.value = null
  }
  /* Runs the command; then the draft is gone and the page is left: to `then(result)`, or back. */
  async function send(command, args, { done, then = null }) {
    const result = await act(command, args, { done, quiet: true })
    if (!result) return null
    discard()
    if (then) router.replace(then(result))
    else if (window.history.state?.back) router.back()
    else router.replace({ name: 'today' })
    return result
  }
  return { draft, kept, discard, send, busy, error, router }
}

export const text = value => value?.trim() || undefined
export const given = value => (value === null || value === '' ? undefined : value)

/* Where a kept page stood when one left it. */
import { nextTick, onActivated, ref } from 'vue'

export function useKeptScroll() {
  const scroller = ref(null)
  let top = 0
  onActivated(() => nextTick(() => scroller.value && (scroller.value.scrollTop = top)))
  return { scroller, scrolled: event => (top = event.target.scrollTop) }
}

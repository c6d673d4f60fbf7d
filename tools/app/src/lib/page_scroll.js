/*
 * The page's own scrolling: a new page begins at its top, back and the tabs return to where one was. What is still loading is
 * waited for a moment, until it is tall enough or somebody scrolls.
 */
import { nextTick, onBeforeUnmount } from 'vue'

const WAIT_MS = 1500

/* `element` gives the scrolling element. */
export function usePageScroll(router, element) {
  const tops = new Map()
  let position = window.history.state?.position ?? 0
  let wanted = 0

  const stopBefore = router.beforeEach((to, from) => {
    if (element()) tops.set(from.path, element().scrollTop)
  })
  const stopAfter = router.afterEach((to, from, failed) => {
    const now = window.history.state?.position ?? 0
    const back = now < position
    position = now
    if (failed || to.path === from.path) return
    restore(back || to.meta.nav ? (tops.get(to.path) ?? 0) : 0)
  })
  async function restore(top) {
    const mine = ++wanted
    await nextTick()
    const end = Date.now() + WAIT_MS
    const stop = () => wanted++
    element()?.addEventListener('wheel', stop, { once: true, passive: true })
    element()?.addEventListener('touchstart', stop, { once: true, passive: true })
    const attempt = () => {
      const page = element()
      if (!page || mine !== wanted) return
      page.scrollTop = top
      if (Math.abs(page.scrollTop - top) > 1 && Date.now() < end) requestAnimationFrame(attempt)
    }
    attempt()
  }
  onBeforeUnmount(() => {
    stopBefore()
    stopAfter()
    wanted++
  })
}

/*
 * How long a sync still takes, honestly: from the rows of the last seconds, smoothed; nothing is said before two seconds have passed
 * or while nobody knows how many rows are left.
 */
const LEAST_MS = 2000
const SMOOTH = 0.3 // weight of the newest speed

export function makeEstimate() {
  let first = null
  let last = null
  let speed = 0 // rows per millisecond

  /* Takes what a progress event tells. */
  function take({ rows = 0, rows_left: left = 0 }, at) {
    if (!first || rows < last.rows) {
      first = last = { rows, left, at }
      speed = 0
      return
    }
    if (at - last.at < 250) {
      last = { ...last, left }
      return
    }
    const now = (rows - last.rows) / (at - last.at)
    speed = speed ? speed * (1 - SMOOTH) + now * SMOOTH : now
    last = { rows, left, at }
  }
  /* Seconds that are left, or null when that is not known. */
  function seconds(at) {
    if (!last || !last.left || speed <= 0 || at - first.at < LEAST_MS) return null
    const left = last.left / speed / 1000 - (at - last.at) / 1000
    return Math.max(1, Math.round(left))
  }
  /* Part that is done, 0 to 1, or null. */
  const part = () => (last && last.left ? last.rows / (last.rows + last.left) : null)
  const reset = () => {
    first = last = null
    speed = 0
  }
  return { take, seconds, part, reset }
}

/* Coarse, so that it does not flicker: [unit, n]. */
export function coarse(seconds) {
  if (seconds < 10) return ['soon', 0]
  if (seconds < 90) return ['seconds', Math.ceil(seconds / 10) * 10]
  return ['minutes', Math.ceil(seconds / 60)]
}

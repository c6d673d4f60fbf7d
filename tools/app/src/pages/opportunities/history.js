/* The steps of an opportunity with how long it stood in each. */
const DAY_MS = 86400000
const days = (from, to) => (from && to ? Math.max(0, Math.round((Date.parse(to) - Date.parse(from)) / DAY_MS)) : null)

/* Newest first; `days`: until the next step, or until today while it is open; null where a day is not known. */
export function withDurations(steps, { open, today }) {
  return steps
    .map((step, i) => {
      const next = steps[i + 1]
      const until = next ? next.occurred_on : open ? today : null
      return { ...step, days: days(step.occurred_on, until), now: !next && open }
    })
    .reverse()
}

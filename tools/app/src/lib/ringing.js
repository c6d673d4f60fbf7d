/*
 * Which reminders ring, said once for each time they are due, however many pages are open: what has rung is kept beside
 * the page. Pure: `kept` is the storage, `rows` those of reminder.due.
 */
const KEPT_DAYS = 30
const DAY_MS = 86400000

const mark = row => `${row.id}@${row.rings_at}`

function read(kept, key) {
  try {
    const value = JSON.parse(kept.getItem(key) ?? '{}')
    return value && typeof value === 'object' ? value : {}
  } catch {
    return {}
  }
}

/* Rows that have not rung at their time; marks them as rung. */
export function takeRinging(kept, key, rows, now = Date.now()) {
  const rung = read(kept, key)
  const fresh = rows.filter(row => !(mark(row) in rung))
  if (!fresh.length) return []
  for (const [name, at] of Object.entries(rung)) if (at < now - KEPT_DAYS * DAY_MS && !rows.some(row => mark(row) === name)) delete rung[name]
  for (const row of fresh) rung[mark(row)] = now
  kept.setItem(key, JSON.stringify(rung))
  return fresh
}

/* Rows whose banner nobody has put away. */
export function unseen(kept, key, rows) {
  const away = read(kept, key)
  return rows.filter(row => !(mark(row) in away))
}
export function putAway(kept, key, rows, now = Date.now()) {
  takeRinging(kept, key, rows, now)
}

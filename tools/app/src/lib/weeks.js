/* What happened week by week: the last twelve, each from its Monday. */

const WEEKS = 12
const DAY_MS = 864e5

/* The Monday of a moment's week, as a date's text. */
export function monday(ms) {
  const date = new Date(ms)
  date.setHours(12, 0, 0, 0)
  date.setTime(date.getTime() - ((date.getDay() + 6) % 7) * DAY_MS)
  const two = n => String(n).padStart(2, '0')
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
}

export function byWeek(conflicts, refusals, now = Date.now()) {
  const weeks = Array.from({ length: WEEKS }, (_, i) => ({ week: monday(now - (WEEKS - 1 - i) * 7 * DAY_MS), conflicts: 0, refusals: 0, open: 0 }))
  const found = new Map(weeks.map(week => [week.week, week]))
  const count = (rows, at, name) => {
    for (const row of rows) {
      const week = found.get(monday(row[at]))
      if (!week) continue
      week[name]++
      if (!row.settled_at) week.open++
    }
  }
  count(conflicts, 'loser_at', 'conflicts')
  count(refusals, 'made_at', 'refusals')
  return weeks
}

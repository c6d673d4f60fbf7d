/* Cuts a hand-over into parts that a station takes in one go. One transaction holds 5,000 changes and 1,500 assignments. */

const ASSIGNMENTS = 1000
const CHANGES = 4000

/* `rows`: what assign_preview gives; gives lists of ids. */
export function cut(rows, { withOpportunities = true, withFollowUps = true } = {}) {
  const parts = []
  let part = null
  for (const row of rows) {
    const assignments = 1 + (withOpportunities ? (row.open_opportunities ?? 0) : 0)
    const changes = 2 * assignments + (withFollowUps ? (row.reminders ?? 0) + (row.tasks ?? 0) : 0)
    if (!part || part.assignments + assignments > ASSIGNMENTS || part.changes + changes > CHANGES) {
      part = { ids: [], assignments: 0, changes: 0 }
      parts.push(part)
    }
    part.ids.push(row.id)
    part.assignments += assignments
    part.changes += changes
  }
  return parts.map(({ ids }) => ids)
}

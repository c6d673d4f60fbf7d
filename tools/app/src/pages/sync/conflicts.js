/* Conflicts as a person settles them: those of one record together, each with what is mine and what is theirs. */

/* [{subject, id, label, conflicts}], the newest first. */
export function byRecord(conflicts) {
  const groups = new Map()
  for (const conflict of conflicts) {
    const key = `${conflict.table_number}/${conflict.subject_id}`
    if (!groups.has(key)) groups.set(key, { key, subject: conflict.subject, id: conflict.subject_id, label: conflict.row_label, conflicts: [] })
    groups.get(key).conflicts.push(conflict)
  }
  return [...groups.values()]
}

/*
 * The side that stands now and the one that lost. `mine` is 'winner', 'loser', or '' for somebody who is neither, such as
 * headquarters; who wrote both from two stations sees the one that lost as his.
 */
export function sides(conflict, user) {
  const mine = conflict.loser_user_id === user ? 'loser' : conflict.winner_user_id === user ? 'winner' : ''
  const side = name => ({ who: conflict[name], text: conflict[name + '_text'], at: conflict[name + '_at'], device: conflict[name + '_device'], mine: mine === name })
  return { mine, winner: side('winner'), loser: side('loser') }
}

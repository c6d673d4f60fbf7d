/* How the station stands with headquarters, in one word and the numbers that go with it. */

/*
 * Gives {is, since?, waiting}: `away` (the program behind the page does not answer), `revoked`, `syncing`, `offline`, `waiting`, `synced`,
 * `never`. A failed attempt counts as offline until one succeeds.
 */
export function standing({ status = {}, syncing = false, away = false }) {
  const waiting = status.waiting ?? 0
  if (away) return { is: 'away', waiting }
  if (status.revoked) return { is: 'revoked', waiting }
  if (syncing) return { is: 'syncing', waiting }
  const since = offlineSince(status)
  if (since) return { is: 'offline', since, waiting }
  if (waiting) return { is: 'waiting', waiting }
  return { is: status.last_sync_at ? 'synced' : 'never', since: status.last_sync_at, waiting }
}

function offlineSince(status) {
  if (status.online === true) return 0
  if (status.offline_since) return status.offline_since
  const failed = status.last_error_at ?? 0
  return status.last_error && failed > (status.last_sync_at ?? 0) ? failed : 0
}

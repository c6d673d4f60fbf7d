/* What the server beside this console knows of devices and invitations: asked for when something changed, and now and then. */
import { onActivated, onDeactivated, onScopeDispose, ref, shallowRef, watch } from 'vue'
import { station, state } from '../../station/index.js'

const AGAIN_MS = 15000 // a device that was seen is no event

function follow(read) {
  const rows = shallowRef([])
  const error = ref(null)
  const loaded = ref(false)
  let active = true
  async function refresh() {
    if (!active || state.mode !== 'console' || !state.user) return
    try {
      rows.value = await read()
      error.value = null
      loaded.value = true
    } catch (cause) {
      error.value = cause
    }
  }
  watch(() => state.changes, refresh, { immediate: true })
  const timer = setInterval(refresh, AGAIN_MS)
  onScopeDispose(() => clearInterval(timer))
  onDeactivated(() => (active = false))
  onActivated(() => {
    if (active) return
    active = true
    refresh()
  })
  return { rows, error, loaded, refresh }
}

export const useDevices = () => follow(() => station.hq.devices())
export const useInvitations = () => follow(() => station.hq.invitations())

export const belongsTo = (device, person) => !device.everyone && device.people.some(({ id }) => id === person)

/* used, revoked, expired, or open. */
export function stateOf(invitation, now = Date.now()) {
  if (invitation.used_at) return 'used'
  if (invitation.revoked_at) return 'revoked'
  return invitation.expires_at <= now ? 'expired' : 'open'
}

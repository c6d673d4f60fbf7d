/*
 * After a call: whom one called and when is kept until it is logged or put away, also when the system ends the page
 * meanwhile. The offer to log it comes when the page is seen again, or after a moment where calls do not hide it (a desk).
 */
import { computed, ref, shallowRef } from 'vue'
import { state } from '../station/index.js'

const STAYED_MS = 4000
const KEPT_MS = 12 * 3600000
const key = () => 'satchel.call.' + (state.user?.id ?? '')
const call = shallowRef(null)
const offered = ref(false)
export const offer = computed(() => (offered.value ? call.value : null))

function read() {
  try {
    const kept = JSON.parse(localStorage.getItem(key()) ?? 'null')
    if (kept && Date.now() - kept.at < KEPT_MS) return kept
  } catch {
    /* not ours: forget it */
  }
  localStorage.removeItem(key())
  return null
}

/* `kind`: call, sms or email; `who`: {customer, customer_name, contact, contact_name, opportunity}, ids and names. */
export function rememberCall(kind, address, who) {
  const made = { kind, address, ...who, at: Date.now() }
  localStorage.setItem(key(), JSON.stringify(made))
  call.value = made
  offered.value = false
  setTimeout(() => document.visibilityState === 'visible' && call.value === made && look(), STAYED_MS)
}
export function forgetCall() {
  localStorage.removeItem(key())
  call.value = null
  offered.value = false
}
function look() {
  call.value = read()
  offered.value = Boolean(call.value)
}

let started = false
export function watchCalls() {
  look()
  if (started) return
  started = true
  document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && look())
  window.addEventListener('pageshow', event => event.persisted && look())
}

/*
 * The system's own notifications. Asked for by a person's tap only (the page Me, the first reminder set). On phones they
 * need a service worker (public/notify.js): it shows them and opens the page that they are about, nothing else.
 */
import { ref } from 'vue'

const known = () => ('Notification' in window ? Notification.permission : 'unsupported')
export const permission = ref(known()) // 'default' | 'granted' | 'denied' | 'unsupported'

let worker = null
function register() {
  worker ??= 'serviceWorker' in navigator
    ? navigator.serviceWorker.register('/notify.js').then(() => navigator.serviceWorker.ready).catch(() => null)
    : Promise.resolve(null)
  return worker
}

export async function askPermission() {
  if (permission.value === 'default') permission.value = await Notification.requestPermission()
  if (permission.value === 'granted') register()
  return permission.value
}

/* `tag`: a second one with the same tag takes the place of the first. `path`: the page that a tap opens. */
export async function notify(title, { body = '', tag, path = '/' } = {}) {
  permission.value = known()
  if (permission.value !== 'granted') return false
  const options = { body, tag, icon: '/icon.svg', data: { path }, renotify: true }
  const registration = await register()
  if (registration) {
    await registration.showNotification(title, options)
  } else {
    const shown = new Notification(title, options)
    shown.onclick = () => {
      window.focus()
      shown.close()
    }
  }
  return true
}

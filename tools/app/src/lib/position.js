/* Where one is, asked only when a person wants it noted. Works without a network where the device has a receiver. */
const WAIT_MS = 20000
const RECENT_MS = 60000

const REASONS = { 1: 'refused', 2: 'unavailable', 3: 'timeout' }

/* {latitude_e6, longitude_e6, accuracy_m}, or throws an Error whose message is one of: refused, unavailable, timeout. */
export function whereAmI(geolocation = navigator.geolocation) {
  return new Promise((resolve, reject) => {
    if (!geolocation || (typeof window !== 'undefined' && !window.isSecureContext)) return reject(new Error('unavailable'))
    geolocation.getCurrentPosition(
      ({ coords }) => resolve({ latitude_e6: Math.round(coords.latitude * 1e6), longitude_e6: Math.round(coords.longitude * 1e6), accuracy_m: Math.round(coords.accuracy) }),
      ({ code }) => reject(new Error(REASONS[code] ?? 'unavailable')),
      { enableHighAccuracy: true, timeout: WAIT_MS, maximumAge: RECENT_MS }
    )
  })
}

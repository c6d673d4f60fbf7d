/* Opens the page that a notification is about. Keeps no files and answers no requests: the station does that. */
self.addEventListener('install', () => self.skipWaiting())
self.addEventListener('activate', event => event.waitUntil(self.clients.claim()))
self.addEventListener('notificationclick', event => {
  const path = event.notification.data?.path ?? '/'
  event.notification.close()
  event.waitUntil(
    self.clients.matchAll({ type: 'window', includeUncontrolled: true }).then(async pages => {
      const page = pages[0]
      if (!page) return self.clients.openWindow(path)
      await page.focus()
      page.postMessage({ open: path })
    })
  )
})

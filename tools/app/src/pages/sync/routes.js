export default [
  { path: '/sync', name: 'sync', component: () => import('./Sync.vue'), meta: { title: 'sync.title', home: 'me', in: ['app', 'console'] } },
  { path: '/inbox', name: 'inbox', component: () => import('./Inbox.vue'), meta: { title: 'inbox.title', home: 'me', in: ['app', 'console'] } }
]

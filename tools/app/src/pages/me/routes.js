import { mdiAccountCircleOutline } from '@mdi/js'

export default [
  { path: '/me', name: 'me', component: () => import('./Me.vue'), meta: { title: 'me.title', keep: true, nav: { icon: mdiAccountCircleOutline, order: 90, in: ['app', 'console'] } } },
  { path: '/me/visits', name: 'my-visits', component: () => import('./Visits.vue'), meta: { title: 'me.spoken', home: 'me', sample: async () => ({ query: { from: '2017-01-01', to: '2099-12-31' } }) } }
]

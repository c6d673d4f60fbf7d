import { mdiViewDashboardOutline } from '@mdi/js'

const HQ = ['hq', 'admin']

export default [
  {
    path: '/hq',
    name: 'hq',
    component: () => import('./Overview.vue'),
    meta: { title: 'hq.title', roles: HQ, nav: { icon: mdiViewDashboardOutline, order: 5, in: ['console'] } }
  },
  {
    path: '/hq/rows',
    name: 'rows',
    component: () => import('./Rows.vue'),
    meta: { title: 'hq.rows_title', in: ['app', 'console'], keep: true, sample: async () => ({ query: { state: 'won', closed_from: '2017-06-01', closed_to: '2017-06-30' } }) }
  }
]

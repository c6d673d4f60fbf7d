import { mdiAccountGroup, mdiSwapHorizontal } from '@mdi/js'

const LEADERS = ['manager', 'hq']

export default [
  {
    path: '/hand-over',
    name: 'hand-over',
    component: () => import('./HandOver.vue'),
    meta: {
      title: 'handover.title',
      roles: LEADERS,
      in: ['app', 'console'],
      nav: { icon: mdiSwapHorizontal, order: 60, in: ['app', 'console'], deskOnly: true },
      views: { contested: { tab: 'contested' }, history: { tab: 'history' } },
      sample: async station => ({ query: { from: (await station.ask('customer.list', { limit: 1 }))[0]?.owner_id } })
    }
  },
  {
    path: '/team',
    name: 'team',
    component: () => import('./Team.vue'),
    meta: { title: 'team.title', roles: LEADERS, in: ['app', 'console'], nav: { icon: mdiAccountGroup, order: 55, in: ['app'], deskOnly: true } }
  }
]

import { mdiTargetVariant } from '@mdi/js'

export default [
  {
    path: '/opportunities',
    name: 'opportunities',
    component: () => import('./Opportunities.vue'),
    meta: { title: 'opportunities.title', keep: true, views: { board: { view: 'board' } }, nav: { icon: mdiTargetVariant, order: 30, in: ['app', 'console'] } }
  },
  {
    path: '/opportunities/:id',
    name: 'opportunity',
    component: () => import('./OpportunityPage.vue'),
    meta: { title: 'opportunities.one', home: 'opportunities', sample: async station => ({ id: (await station.ask('opportunity.list', { state: 'open', limit: 1 }))[0].id }) }
  }
]

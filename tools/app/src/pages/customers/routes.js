import { mdiAccountGroupOutline } from '@mdi/js'

export default [
  {
    path: '/customers',
    name: 'customers',
    component: () => import('./CustomerList.vue'),
    meta: { title: 'customers.title', keep: true, nav: { icon: mdiAccountGroupOutline, order: 20, in: ['app', 'console'] } }
  },
  {
    path: '/customers/:id',
    name: 'customer',
    component: () => import('./CustomerPage.vue'),
    meta: { title: 'customers.one', sample: async station => ({ id: (await station.ask('customer.list', { limit: 1, order: 'changed' }))[0].id }) }
  }
]

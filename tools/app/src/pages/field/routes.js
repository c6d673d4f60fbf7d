import { mdiSourceBranch } from '@mdi/js'

export default [
  {
    path: '/hq/field',
    name: 'field',
    component: () => import('./Field.vue'),
    meta: { title: 'field.title', roles: ['hq', 'admin'], nav: { icon: mdiSourceBranch, order: 70, in: ['console'], deskOnly: true } }
  }
]

import { mdiCalendarCheckOutline } from '@mdi/js'

export default [
  { path: '/', name: 'today', component: () => import('./Today.vue'), meta: { title: 'today.title', keep: true, nav: { icon: mdiCalendarCheckOutline, order: 10, in: ['app'] } } }
]

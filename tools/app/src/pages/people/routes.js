import { mdiBadgeAccountOutline, mdiDevices } from '@mdi/js'

const HQ = ['hq', 'admin']
const onConsole = ['console']

export default [
  {
    path: '/hq/people',
    name: 'people',
    component: () => import('./People.vue'),
    meta: { title: 'people.title', roles: HQ, keep: true, nav: { icon: mdiBadgeAccountOutline, order: 40, in: onConsole } }
  },
  {
    path: '/hq/people/:id',
    name: 'person',
    component: () => import('./Person.vue'),
    meta: { title: 'people.one', roles: HQ, in: onConsole, sample: async station => ({ id: (await station.ask('person.list', { role: 'rep' }))[0].id }) }
  },
  { path: '/hq/invite', name: 'invite', component: () => import('./Invite.vue'), meta: { title: 'people.invite_title', roles: HQ, in: onConsole } },
  {
    path: '/hq/devices',
    name: 'devices',
    component: () => import('./Devices.vue'),
    meta: { title: 'people.devices', roles: HQ, nav: { icon: mdiDevices, order: 50, in: onConsole, deskOnly: true } }
  }
]

/* What one adds on the way. Each takes its beginning from the address: ?customer=…&opportunity=…&kind=… */
const page = (name, file) => ({ path: '/new/' + name, name: 'new-' + name, component: file, meta: { title: 'quick.new_' + name, home: 'today' } })

export default [
  page('opportunity', () => import('./NewOpportunity.vue')),
  page('customer', () => import('./NewCustomer.vue')),
  page('interaction', () => import('./NewInteraction.vue')),
  page('task', () => import('./NewTask.vue')),
  page('reminder', () => import('./NewReminder.vue'))
]

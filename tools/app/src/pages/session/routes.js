export default [
  { path: '/sign-in', name: 'sign-in', component: () => import('./SignIn.vue'), meta: { title: 'session.sign_in', bare: true } },
  { path: '/enrol', name: 'enrol', component: () => import('./Enrol.vue'), meta: { title: 'session.enrol', bare: true } }
]

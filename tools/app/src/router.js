/*
 * The pages. Each folder of pages/ brings its own routes.js:
 *   { path, name, component: () => import(…), meta: { title: 'KEY of screens', nav?: {icon, order, in: ['app','console']}, roles?: [], keep?: true, sample?: async station => params } }
 * `sample` gives the parameters with which the page is pictured and checked (tools/screenshots); `views` further queries: {board: {view: 'board'}}.
 */
import { createRouter, createWebHistory } from 'vue-router'
import { state } from './station/state.js'

const modules = import.meta.glob('./pages/*/routes.js', { eager: true, import: 'default' })
export const routes = Object.values(modules).flat()

export const router = createRouter({
  history: createWebHistory(),
  routes: [...routes, { path: '/:rest(.*)*', redirect: '/' }],
  scrollBehavior: (to, from, saved) => saved ?? { top: 0 }
})

const open = new Set(['sign-in', 'enrol'])
router.beforeEach(to => {
  if (!state.opened) return true // App waits for the first answer
  if (!state.enrolled) return to.name === 'enrol' ? true : { name: 'enrol' }
  if (!state.user) return open.has(to.name) && to.name !== 'enrol' ? true : { name: 'sign-in', query: to.path === '/' ? {} : { to: to.fullPath } }
  if (open.has(to.name)) return { path: '/' }
  if (to.path === '/' && state.mode === 'console') return { path: '/hq' }
  if (to.meta.roles && !to.meta.roles.some(role => state.user.roles.includes(role))) return { path: state.mode === 'console' && to.path !== '/hq' ? '/hq' : '/me' }
  return true
})

/* Debian's Chromium for the tests: phones and desks, with what their pages complain about. */
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import path from 'node:path'
import { ROOT } from './company.mjs'
import { gatherData } from './page_checks.mjs'

const require = createRequire(path.join(ROOT, 'tools/app/package.json'))
const { chromium } = require('playwright-core')
export const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true }
export const DESK = { viewport: { width: 1440, height: 900 } }

export async function launch() {
  return chromium.launch({
    executablePath: process.env.SATCHEL_CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run']
  })
}

/*
 * A page of a person of its own. `complaints` gathers what a tidy page does not have: script errors, console errors, requests
 * to anyone but its own station, breaches of its policy. `data()` is what its station told it.
 */
export async function openPage(browser, address, { device = PHONE, language = 'en', ...options } = {}) {
  const context = await browser.newContext({ ...device, locale: language === 'en' ? 'en-GB' : 'zh-CN', timezoneId: 'Asia/Shanghai', ...options })
  const page = await context.newPage()
  const own = new URL(address).origin
  page.complaints = []
  page.on('pageerror', error => page.complaints.push('script: ' + error.message))
  page.on('console', message => message.type() === 'error' && !/status of 4\d\d/.test(message.text()) && page.complaints.push('console: ' + message.text()))
  page.on('request', request => {
    const url = new URL(request.url())
    if (url.origin !== own && !['data:', 'blob:'].includes(url.protocol)) page.complaints.push('request to ' + url.origin)
  })
  page.data = gatherData(page, language)
  await page.addInitScript(tag => localStorage.getItem('satchel.language') ?? localStorage.setItem('satchel.language', tag), language)
  await page.goto(address)
  return page
}

/* Headquarters' page, signed in. */
export async function openConsole(browser, company, user, password, options = {}) {
  const page = await openPage(browser, company.console, { device: DESK, ...options })
  await page.locator('input[name=user]').fill(user)
  await page.locator('input[name=secret]').fill(password)
  await page.locator('button[type=submit]').click()
  await page.locator('[data-test=sync-line]').waitFor()
  return page
}

/* What a test names by `data-test`. */
export const at = (page, name) => page.locator(`[data-test="${name}"]`)

/* Another route of the application, without loading it anew. */
export const go = (page, route) => page.evaluate(to => document.querySelector('#app').__vue_app__.config.globalProperties.$router.push(to), route)

/* A station's own page, signed in, on a route. */
export async function openStation(browser, station, route, options = {}) {
  const page = await openPage(browser, station.address, options)
  await at(page, 'sync-line').waitFor()
  await go(page, route)
  return page
}

/* The end of a page that had nothing to complain about. */
export async function done(page) {
  assert.deepEqual(page.complaints, [])
  await page.context().close()
}

/*
 * Every page of the router, in both languages and both sizes: pictured, and checked.
 *
 *     node tests/browser/pages.mjs OUT [part of a page's name]
 *
 * Ends with 1 when a check found something. tools/screenshots sets up and builds first.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { Company } from './company.mjs'
import { launch, openPage, openConsole, PHONE, DESK } from './browser.mjs'
import { accessibility, overflow, rawCodes, wrongLanguage } from './page_checks.mjs'
import { lively } from './lively.mjs'

const SIZES = { phone: PHONE, desk: DESK }
const LANGUAGES = ['zh-CN', 'en']
const SETTLE_MS = 350

const out = process.argv[2]
const only = process.argv[3] ?? ''
if (!out) {
  console.error('usage: node tests/browser/pages.mjs OUT [part of a page\'s name]')
  process.exit(2)
}

/* What the router knows, with the parameters of a sample record. */
async function pagesOf(page, mode) {
  return page.evaluate(async mode => {
    const { $router, $station } = document.querySelector('#app').__vue_app__.config.globalProperties
    const result = []
    for (const { name, path, meta } of $router.getRoutes()) {
      if (!name || meta.bare) continue
      const modes = meta.in ?? meta.nav?.in ?? (path.startsWith('/hq') ? ['console'] : ['app'])
      if (!modes.includes(mode) || (mode === 'console' && modes.includes('app'))) continue
      const sample = (await meta.sample?.($station)) ?? {}
      const { query, ...params } = sample
      result.push({ name, path: $router.resolve({ name, params, query }).href })
      for (const [view, more] of Object.entries(meta.views ?? {})) {
        result.push({ name: `${name}-${view}`, path: $router.resolve({ name, params, query: { ...query, ...more } }).href })
      }
    }
    return result
  }, mode)
}

/* Quiet: nothing loads, nothing moves. */
async function settled(page) {
  await page.waitForLoadState('load')
  await page.waitForFunction(() => !document.querySelector('.q-skeleton, .q-loading-bar--active, [data-loading=true]'), null, { timeout: 10000 }).catch(() => {})
  await page.waitForTimeout(SETTLE_MS)
}

async function main() {
  const company = await Company.make({ console: true })
  const browser = await launch()
  const findings = []
  const pictures = []
  const started = Date.now()
  try {
    const stations = await lively(company)
    const password = await company.access('Administrator')
    for (const [size, device] of Object.entries(SIZES)) {
      for (const language of LANGUAGES) {
        const folder = path.join(out, `${size}-${language}`)
        await mkdir(folder, { recursive: true })
        const look = async (page, name) => {
          await settled(page)
          const file = path.join(folder, name + '.png')
          await page.screenshot({ path: file })
          pictures.push(path.relative(out, file))
          const found = [
            ...(await overflow(page)),
            ...(await rawCodes(page, page.data())),
            ...(await wrongLanguage(page, language, page.data())),
            ...(await accessibility(page)),
            ...page.complaints.splice(0)
          ]
          for (const one of found) {
            findings.push(`${size} ${language} ${name}: ${one}`)
            console.log(`${size} ${language} ${name}: ${one}`)
          }
        }
        const walk = async (page, mode) => {
          await page.locator('[data-test=sync-line]').waitFor()
          for (const { name, path: href } of await pagesOf(page, mode)) {
            if (!name.includes(only)) continue
            await page.evaluate(href => document.querySelector('#app').__vue_app__.config.globalProperties.$router.push(href), href)
            await look(page, name)
          }
          await page.context().close()
        }
        await walk(await openPage(browser, stations.manager.address, { device, language }), 'app')
        await walk(await openConsole(browser, company, 'Administrator', password, { device, language }), 'console')
        for (const [name, address] of [['sign-in', company.console], ['enrol', stations.fresh.address]]) {
          if (!name.includes(only)) continue
          const page = await openPage(browser, address, { device, language })
          await look(page, name)
          await page.context().close()
        }
      }
    }
  } finally {
    await browser.close()
    await company.close()
  }
  await writeFile(path.join(out, 'findings.txt'), findings.join('\n') + '\n')
  console.log(`${pictures.length} pictures in ${out}, ${findings.length} findings, ${Math.round((Date.now() - started) / 1000)} s`)
  process.exitCode = findings.length || !pictures.length ? 1 : 0
}
await main()

/*
 * How fast the pages are, measured and printed, never judged:
 *
 *     node tests/browser/speed.mjs [customers]
 *
 * time to the first list on a processor slowed down four times; tasks of the main thread while ten thousand customers scroll by; sizes of
 * what a browser loads.
 */
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { Company } from './company.mjs'
import { launch, openPage } from './browser.mjs'

const CUSTOMERS = Number(process.argv[2] ?? 10000)
const ROUNDS = 5
const SCROLLS = 240
const STEP = 2200 // pixels a turn of the wheel: some three screens

const SURNAMES = '李王张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗'
const TRADES = ['科技', '贸易', '机械', '食品', '医疗', '建材', '电子', '物流']
const PLACES = ['深圳', '上海', '杭州', '成都', '武汉', '西安', '重庆', '青岛']

/* The four files of an import: one agent, one product, many accounts, a deal. */
async function files(folder) {
  await mkdir(folder)
  const accounts = ['account,sector,year_established,revenue,employees,office_location,subsidiary_of']
  for (let i = 0; i < CUSTOMERS; i++) {
    const name = `${PLACES[i % 8]}${SURNAMES[i % 20]}氏${TRADES[(i >> 3) % 8]}${i}`
    accounts.push(`${name},retail,${1960 + (i % 60)},${(i % 997) + 0.5},${(i % 500) + 1},China,`)
  }
  await writeFile(path.join(folder, 'accounts.csv'), accounts.join('\n') + '\n')
  await writeFile(path.join(folder, 'sales_teams.csv'), 'sales_agent,manager,regional_office\nAnn Reed,Mia Stone,North\n')
  await writeFile(path.join(folder, 'products.csv'), 'product,series,sales_price\nAlpha,Alpha,550\n')
  await writeFile(path.join(folder, 'sales_pipeline.csv'), 'opportunity_id,sales_agent,product,account,deal_stage,engage_date,close_date,close_value\nD001,Ann Reed,Alpha,,Prospecting,,,\n')
  return folder
}

const median = list => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)]

async function firstList(browser, address, slower) {
  const times = []
  for (let i = 0; i < ROUNDS; i++) {
    const page = await openPage(browser, address) // the key becomes a cookie; nothing else is kept
    await page.locator('[data-test=sync-line]').waitFor()
    const session = await page.context().newCDPSession(page)
    await session.send('Network.clearBrowserCache')
    await session.send('Emulation.setCPUThrottlingRate', { rate: slower })
    const started = Date.now()
    await page.goto(new URL('/customers', address).href, { waitUntil: 'commit' })
    await page.locator('.paged-row a').first().waitFor()
    times.push(Date.now() - started)
    await page.context().close()
  }
  return median(times)
}

async function scroll(browser, address, slower) {
  const page = await openPage(browser, new URL('/customers', address).href)
  await page.goto(address)
  await page.goto(new URL('/customers', address).href)
  await page.locator('.paged-row a').first().waitFor()
  const session = await page.context().newCDPSession(page)
  await session.send('Emulation.setCPUThrottlingRate', { rate: slower })
  await page.evaluate(() => {
    window.tasks = []
    new PerformanceObserver(list => list.getEntries().forEach(entry => window.tasks.push(entry.duration))).observe({ type: 'longtask' })
  })
  const box = await page.locator('.paged-scroll').boundingBox()
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2)
  for (let i = 0; i < SCROLLS; i++) {
    await page.mouse.wheel(0, STEP)
    await page.waitForTimeout(16)
  }
  await page.waitForTimeout(300)
  const result = await page.evaluate(() => ({ tasks: window.tasks, top: document.querySelector('.paged-scroll').scrollTop, height: document.querySelector('.paged-scroll').scrollHeight }))
  await page.context().close()
  return result
}

async function sizes(browser, address) {
  const page = await openPage(browser, address)
  await page.locator('[data-test=sync-line]').waitFor()
  const session = await page.context().newCDPSession(page)
  await session.send('Network.enable')
  await session.send('Network.clearBrowserCache')
  const loaded = new Map()
  const urls = new Map()
  session.on('Network.responseReceived', ({ requestId, response }) => urls.set(requestId, new URL(response.url).pathname))
  session.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => loaded.set(urls.get(requestId), encodedDataLength))
  await page.goto(new URL('/customers', address).href)
  await page.locator('.paged-row a').first().waitFor()
  const result = { js: 0, css: 0 }
  for (const [name, size] of loaded) {
    if (name?.endsWith('.js')) result.js += size
    if (name?.endsWith('.css')) result.css += size
  }
  await page.context().close()
  return result
}

const company = await Company.make({ data: await files(path.join(await mkdtemp(path.join(os.tmpdir(), 'satchel-speed-')), 'data')) })
const browser = await launch()
try {
  const address = await company.hq.app()
  console.log(`${CUSTOMERS} customers`)
  for (const slower of [1, 4]) console.log(`first list, processor ${slower}× slower: ${await firstList(browser, address, slower)} ms (median of ${ROUNDS})`)
  for (const slower of [1, 4]) {
    const { tasks, top, height } = await scroll(browser, address, slower)
    console.log(`scrolled through ${Math.round((100 * top) / height)} % of the list, processor ${slower}× slower: ${tasks.length} tasks over 50 ms, longest ${Math.round(Math.max(0, ...tasks))} ms`)
  }
  const { js, css } = await sizes(browser, address)
  console.log(`loaded for the first list, compressed: ${(js / 1024).toFixed(0)} KB of scripts, ${(css / 1024).toFixed(0)} KB of styles`)
} finally {
  await browser.close()
  await company.close()
}

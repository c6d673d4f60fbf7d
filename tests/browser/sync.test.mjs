/* Syncing in plain sight: conflicts settled with a tap, refused work with its sentence, progress, changes that arrive by themselves. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Company, waitUntil } from './company.mjs'
import { at, done, go, launch, openStation } from './browser.mjs'

let company, browser, anna, dustin, customer

before(async () => {
  company = await Company.make()
  anna = await company.station('anna', 'Anna Snelling', { link: true })
  dustin = await company.station('dustin', 'Dustin Brinkmann', { link: true })
  ;[customer] = await anna.ask('customer.list', { limit: 1 })
  await anna.app()
  await dustin.app()
  browser = await launch()
})
after(async () => {
  await browser?.close()
  await company?.close()
})

const phoneOf = async station => (await station.ask('customer.show', { customer: customer.id }))[0].phone
/* So that one edit is surely the later one: stations know headquarters' time to within a round trip. */
const later = () => new Promise(resolve => setTimeout(resolve, 2000))
const stateOf = page => at(page, 'sync-line').getAttribute('data-state')

const open = (station, path, options) => openStation(browser, station, path, options)

test('two stations edit the same phone offline; who lost sees both values, puts his back with a tap, and the other sees it', async () => {
  const his = await open(dustin, '/inbox')
  anna.link.cut()
  dustin.link.cut()
  await dustin.do('customer.edit', { customer: customer.id, phone: '555-0100' })
  await later()
  await anna.do('customer.edit', { customer: customer.id, phone: '555-0199' })
  await waitUntil(async () => (await stateOf(his)) === 'offline', 'the page says that it is offline')
  assert.match(await at(his, 'sync-line').innerText(), /Offline since \d\d:\d\d.*1 waiting/s)

  anna.link.restore()
  await waitUntil(async () => (await anna.json('status')).waiting === 0, "anna's edit is at headquarters")
  dustin.link.restore()
  await at(his, 'sync-line').click()
  await at(his, 'sync-now').click()
  await go(his, '/inbox')
  const conflict = at(his, 'conflict-phone')
  await conflict.waitFor()
  assert.match(await conflict.locator('[data-test=side-loser]').innerText(), /555-0100/)
  assert.match(await conflict.locator('[data-test=side-winner]').innerText(), /555-0199/)
  assert.match(await conflict.innerText(), /Anna Snelling/)
  assert.match(await conflict.innerText(), /The later change stands/)
  assert.equal(await phoneOf(dustin), '555-0199')

  const hers = await open(anna, '/customers/' + customer.id)
  await hers.locator('a[href="tel:5550199"]').first().waitFor()
  await conflict.locator('[data-test=restore]').click()
  await conflict.waitFor({ state: 'detached' })
  assert.equal(await phoneOf(dustin), '555-0100')
  await hers.locator('a[href="tel:5550100"]').first().waitFor() // on the open page, without a reload
  assert.equal(await phoneOf(anna), '555-0100')
  await done(his)
  await done(hers)
})

test('keeping theirs takes the conflict from the inbox and from the bell', async () => {
  anna.link.cut()
  dustin.link.cut()
  await anna.do('customer.edit', { customer: customer.id, website: 'www.a.example' })
  await later()
  await dustin.do('customer.edit', { customer: customer.id, website: 'www.d.example' })
  dustin.link.restore()
  await waitUntil(async () => (await dustin.json('status')).waiting === 0, "dustin's edit is at headquarters")
  anna.link.restore()
  await waitUntil(async () => (await anna.json('status')).waiting === 0, "anna's edit is at headquarters")
  const page = await open(anna, '/inbox')
  const conflict = at(page, 'conflict-website')
  await conflict.waitFor()
  const before = Number(await at(page, 'inbox-count').innerText())
  await conflict.locator('[data-test=keep]').click()
  await conflict.waitFor({ state: 'detached' })
  await waitUntil(async () => (await at(page, 'inbox-count').count()) === 0 || Number(await at(page, 'inbox-count').innerText()) < before, 'the bell counts one less')
  assert.equal((await anna.ask('customer.show', { customer: customer.id }))[0].website, 'www.d.example')

  await go(page, '/sync')
  const story = at(page, 'stories').locator('[data-state=overwritten]').first()
  await story.waitFor()
  assert.match(await story.innerText(), /Dustin Brinkmann changed/)
  await done(page)
})

test('refused work says in a sentence why, and goes when one has seen it', async () => {
  const page = await open(dustin, '/inbox', { language: 'zh-CN' })
  dustin.link.cut()
  const { id } = await dustin.do('customer.register', { name: 'Handed to nobody' })
  await dustin.do('customer.assign', { customer: id, to: 'Moses Frase' })
  await company.hq.do('person.deactivate', { person: 'Moses Frase' })
  await company.hq.sync()
  dustin.link.restore()
  await at(page, 'refusal').waitFor({ timeout: 45000 })
  const text = await at(page, 'refusal').innerText()
  assert.match(text, /移交客户/)
  assert.match(text, /Handed to nobody/)
  assert.match(await at(page, 'refusal-reason').innerText(), /\p{Script=Han}{4}/u)
  assert.doesNotMatch(text, /customer\.owner_active|owner_id|[0-9a-f]{8}-/)
  await at(page, 'settle').click()
  await at(page, 'refusal').waitFor({ state: 'detached' })
  await done(page)
})

test('refused work is done again with a tap when what stood against it is gone', async () => {
  await company.hq.do('person.activate', { person: 'Moses Frase' })
  await company.hq.sync()
  await dustin.sync()
  const page = await open(dustin, '/inbox')
  dustin.link.cut()
  const { id } = await dustin.do('customer.register', { name: 'Handed over twice' })
  await dustin.do('customer.assign', { customer: id, to: 'Moses Frase' })
  await company.hq.do('person.deactivate', { person: 'Moses Frase' })
  await company.hq.sync()
  dustin.link.restore()
  const card = at(page, 'refusal').filter({ hasText: 'Handed over twice' })
  await card.waitFor({ timeout: 45000 })
  await company.hq.do('person.activate', { person: 'Moses Frase' })
  await company.hq.sync()
  await dustin.sync()
  await card.locator('[data-test=resubmit]').dblclick() // a thumb that trembles
  await card.waitFor({ state: 'detached' })
  await waitUntil(async () => {
    await company.hq.sync()
    return (await company.hq.ask('customer.list', { text: 'Handed over twice', owner: 'Moses Frase' })).length === 1
  }, 'headquarters took it')
  assert.equal(await page.locator('[data-code]').count(), 0)
  await done(page)
})

test('the sync page tells what waits, how far it is, and what came of it', async () => {
  anna.link.cut()
  for (let i = 0; i < 3; i++) await anna.do('customer.edit', { customer: customer.id, remark: `Remark ${i}` })
  const page = await open(anna, '/sync')
  await waitUntil(async () => (await at(page, 'sync-state').getAttribute('data-state')) === 'offline', 'it says so')
  await waitUntil(async () => (await at(page, 'waiting').locator('[data-test=story]').count()) === 3, 'three changes wait')

  // Headquarters gets work for her meanwhile, so that there is something to receive.
  await company.hq.do('customer.register', { name: 'From headquarters', owner: 'Anna Snelling' })
  await company.hq.sync()
  await page.evaluate(() => {
    window.seen = []
    new MutationObserver(() => {
      const shown = document.querySelector('[data-test=sync-progress]')?.textContent.trim()
      if (shown) window.seen.push(shown)
    }).observe(document.body, { childList: true, subtree: true, characterData: true })
  })
  anna.link.restore()
  await at(page, 'sync-now').click()
  await waitUntil(async () => (await at(page, 'waiting').locator('[data-test=story]').count()) === 0, 'nothing waits')
  await waitUntil(async () => (await at(page, 'sync-state').getAttribute('data-state')) === 'synced', 'in step')
  const seen = await page.evaluate(() => window.seen)
  assert.ok(seen.length, 'progress was shown')
  assert.ok(seen.every(text => /Estimating|left|Sending|Receiving|Writing/.test(text)), seen.join(' | '))
  assert.ok((await anna.ask('customer.list', { text: 'From headquarters' })).length === 1)
  await at(page, 'stories').locator('[data-state=merged]').first().waitFor()
  await done(page)
})

test('a notice opens its record and is read then', async () => {
  const { id } = await company.hq.do('customer.register', { name: 'Told of this', owner: 'Dustin Brinkmann' })
  await company.hq.do('customer.assign', { customer: id, to: 'Anna Snelling' })
  await company.hq.sync()
  const page = await open(anna, '/inbox')
  const notice = at(page, 'notice').filter({ hasText: 'Told of this' })
  await notice.waitFor({ timeout: 45000 }) // arrives by itself
  await notice.locator('button').first().click()
  await waitUntil(async () => page.url().endsWith('/customers/' + id), 'the record')
  await go(page, '/inbox')
  await waitUntil(async () => (await notice.count()) === 0, 'it is read')
  await done(page)
})

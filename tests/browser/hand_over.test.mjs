/* A manager hands forty customers over on the page: both phones hear of it, and nothing that was done meanwhile is lost. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Company, waitUntil } from './company.mjs'
import { DESK, PHONE, go, launch, openPage } from './browser.mjs'

const MANY = 40
let company, browser, dustin, anna, versie, page
before(async () => {
  company = await Company.make()
  browser = await launch()
  const names = await company.hq.ask('customer.list', { limit: MANY })
  await company.hq.do('customer.assign_bulk', { to: 'Anna Snelling', customers: names.map(({ id }) => id) })
  await company.hq.sync()
  dustin = await company.station('dustin', 'Dustin Brinkmann')
  anna = await company.station('anna', 'Anna Snelling', { link: true })
  versie = await company.station('versie', 'Versie Hillebrand')
  for (const station of [dustin, anna, versie]) await station.app()
  page = await openPage(browser, dustin.address, { device: DESK })
  await page.locator('[data-test=sync-line]').waitFor()
})
after(async () => {
  await browser?.close()
  await company?.close()
})

async function pick(field, name) {
  const box = page.locator(`[data-test=${field}] input, input[data-test=${field}]`).first()
  await box.click()
  await box.fill(name)
  await page.locator('[data-test=pick-option]', { hasText: name }).click()
}
const owned = (station, owner) => station.ask('customer.list', { owner, limit: 1000 })

test('forty customers, looked at first, reach two phones; unsent visits arrive, and their writer is told', async () => {
  const before = await owned(dustin, 'Anna Snelling')
  assert.ok(before.length >= MANY)
  anna.link.cut()
  await anna.do('interaction.log', { customer: before[0].id, kind: 'visit', summary: 'Was there before anybody told me' })
  await anna.do('interaction.log', { customer: before[1].id, kind: 'visit', summary: 'And here' })

  await go(page, '/hand-over')
  await pick('from', 'Anna Snelling')
  await page.locator('[data-test=preview]').waitFor()
  await pick('to', 'Versie Hillebrand')
  const expected = (await dustin.ask('customer.assign_preview', { from: 'Anna Snelling', to: 'Versie Hillebrand' })).filter(row => !row.problem)
  const count = page.locator('[data-test=preview-count]')
  await waitUntil(async () => Number(await count.getAttribute('data-count')) === expected.length, 'the preview counts them all')

  // The first row stays with her.
  const stays = expected[0]
  await page.locator('[data-test=preview-row]', { hasText: stays.name }).first().getByRole('checkbox').click()
  assert.equal(Number(await count.getAttribute('data-count')), expected.length - 1)
  await page.locator('[data-test=hand-over]').click()
  await page.locator('[data-test=confirm-hand-over]').click()
  const done = page.locator('[data-test=handover-done]')
  await done.waitFor()
  assert.equal(Number(await done.getAttribute('data-customers')), expected.length - 1)
  assert.equal(Number(await done.getAttribute('data-opportunities')), expected.slice(1).reduce((sum, row) => sum + row.open_opportunities, 0))

  // The new owner's phone has them without anybody doing anything there.
  const phone = await openPage(browser, versie.address, { device: PHONE })
  await waitUntil(async () => (await owned(versie, 'Versie Hillebrand')).length >= expected.length - 1, 'they are with Versie')
  assert.ok((await versie.ask('notice.list')).some(notice => notice.kind === 'customer.assigned_bulk'))
  const moved = expected.find(row => row.id === before[0].id && row !== stays) ?? expected[1]
  await phone.evaluate(id => document.querySelector('#app').__vue_app__.config.globalProperties.$router.push('/customers/' + id), moved.id)
  await phone.getByText(moved.name).first().waitFor()

  // She comes back: her visits are taken, she is told, and only what stays is still hers.
  anna.link.restore()
  await anna.sync()
  await waitUntil(async () => (await owned(anna, 'Anna Snelling')).length === before.length - expected.length + 1, 'only one is left with Anna')
  assert.deepEqual((await owned(anna, 'Anna Snelling')).map(({ id }) => id).includes(stays.id), true)
  assert.deepEqual(await anna.ask('refusal.list', { all: true }), [])
  assert.ok((await anna.ask('notice.list')).some(notice => notice.kind === 'customer.handed_over_bulk'))
  await company.hq.sync()
  const summaries = (await company.hq.ask('interaction.list', { user: 'Anna Snelling' })).map(({ summary }) => summary)
  for (const summary of ['Was there before anybody told me', 'And here']) assert.ok(summaries.includes(summary), summary)
  const hers = await openPage(browser, anna.address, { device: PHONE })
  await hers.evaluate(() => document.querySelector('#app').__vue_app__.config.globalProperties.$router.push('/inbox'))
  await hers.getByText('Dustin Brinkmann').first().waitFor()
  for (const one of [phone, hers]) {
    assert.deepEqual(one.complaints, [])
    await one.context().close()
  }
})

test('the hand-over stands in the history, and goes back', async () => {
  const mine = (await owned(dustin, 'Anna Snelling')).length
  await page.locator('[data-test=tab-history]').click()
  const row = page.locator('[data-test=history-row]').first()
  await row.getByText('Versie Hillebrand').waitFor()
  await row.locator('[data-test=give-back]').click()
  await page.locator('[data-test=confirm-give-back]').click()
  await waitUntil(async () => (await owned(dustin, 'Anna Snelling')).length >= mine + MANY - 2, 'they are back with Anna')
  await page.getByText('Moved on since').first().waitFor()
  await waitUntil(async () => (await owned(anna, 'Anna Snelling')).length >= mine + MANY - 2, 'and on her phone')
})

test('of contested opportunities the manager says whose they are', async () => {
  const clashes = await dustin.ask('opportunity.contested')
  assert.ok(clashes.length > 0)
  const [clash] = clashes
  const all = await dustin.ask('opportunity.contested_rows', { customer: clash.customer_id, product: clash.product_id })
  assert.equal(all.length, clash.opportunities)
  await page.locator('[data-test=tab-contested]').click()
  await page.locator('[data-test=contested]').first().click()
  const winner = all.at(-1)
  await page.locator(`[data-test="whose-${winner.owner}"]`).click()
  await page.locator('[data-test=decide]').click()
  await waitUntil(async () => {
    const left = await dustin.ask('opportunity.contested_rows', { customer: clash.customer_id, product: clash.product_id })
    return left.length === all.length && left.every(row => row.owner_id === winner.owner_id)
  }, 'all of them are one person’s')
  await waitUntil(async () => (await dustin.ask('opportunity.contested')).length === clashes.length - 1, 'one clash less')
})

test('the team page opens what stands behind its figures', async () => {
  await go(page, '/team')
  await page.locator('[data-test=figure-team] [data-loading=false] svg').waitFor()
  const [first] = await dustin.ask('team.overview')
  await page.locator('[data-test=team-won-0]').click()
  await page.waitForURL(/\/hq\/rows/)
  const count = page.locator('[data-test=rows-count]')
  await count.waitFor()
  assert.equal(Number(await count.getAttribute('data-count')), first.won)
  assert.equal(Number(await page.locator('[data-test=rows-amount]').getAttribute('data-amount')), first.won_amount_minor)
})

test('nothing on these pages breaks the policy, fails, or asks anybody else', () => assert.deepEqual(page.complaints, []))

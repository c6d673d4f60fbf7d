/* Opportunities on a phone: the board, closing, the lines, languages. Real programs; see company.mjs. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Company, waitUntil } from './company.mjs'
import { DESK, at, done, go, launch, openStation } from './browser.mjs'
import { accessibility, overflow } from './page_checks.mjs'

let company, browser, anna

before(async () => {
  company = await Company.make()
  anna = await company.station('anna', 'Anna Snelling', { link: true })
  await anna.app()
  browser = await launch()
})
after(async () => {
  await browser?.close()
  await company?.close()
})

const newOne = async (name, values = {}) => (await anna.do('opportunity.register', { name, amount: 1250000, currency: 'USD', pipeline: 'crm', ...values })).id
const show = async id => (await anna.ask('opportunity.show', { opportunity: id }))[0]

const open = (path, options) => openStation(browser, anna, path, options)
const column = (page, stage) => page.locator(`[data-stage="${stage}"]`)
const card = (page, name) => at(page, 'board-card').filter({ hasText: name })

/* With the steps of a hand: Sortable looks at each. */
async function drag(page, from, to) {
  const a = await from.boundingBox()
  const b = await to.boundingBox()
  await page.mouse.move(a.x + 60, a.y + 20)
  await page.mouse.down()
  await page.mouse.move(a.x + 75, a.y + 30, { steps: 4 })
  await page.mouse.move(b.x + b.width / 2, b.y + 60, { steps: 12 })
  await page.waitForTimeout(150)
  await page.mouse.up()
}

test('a card that is dragged moves the stage, here and after a reload', async () => {
  const id = await newOne('Dragged about')
  const page = await open('/opportunities?view=board&text=Dragged about', { device: DESK })
  await card(page, 'Dragged about').waitFor()
  assert.equal(await column(page, 'prospecting').locator('[data-test=board-card]').count(), 1)
  await drag(page, card(page, 'Dragged about'), column(page, 'engaging'))
  await column(page, 'engaging').locator('[data-test=board-card]').waitFor()
  await waitUntil(async () => (await show(id)).stage_code === 'engaging', 'the station knows of it')
  await page.reload()
  await column(page, 'engaging').locator('[data-test=board-card]').waitFor()
  assert.equal(await column(page, 'prospecting').locator('[data-test=board-card]').count(), 0)
  await done(page)
})

test('a card is dragged with a finger, too', async () => {
  const id = await newOne('By finger')
  const tablet = { viewport: { width: 820, height: 1180 }, hasTouch: true, isMobile: true }
  const page = await open('/opportunities?view=board&text=By finger', { device: tablet })
  await card(page, 'By finger').waitFor()
  const touch = await page.context().newCDPSession(page)
  const send = (type, x, y) => touch.send('Input.dispatchTouchEvent', { type, touchPoints: type === 'touchEnd' ? [] : [{ x, y }] })
  const from = await card(page, 'By finger').boundingBox()
  const to = await column(page, 'engaging').boundingBox()
  const start = from.x + 120
  const y = from.y + 40

  await send('touchStart', start, y)
  await send('touchMove', start + 60, y)
  await send('touchEnd')
  assert.equal(await column(page, 'prospecting').locator('[data-test=board-card]').count(), 1) // a short touch scrolls

  await send('touchStart', start, y)
  await page.locator('.sortable-chosen').waitFor() // held
  for (let x = start; x < to.x + 150; x += 15) {
    await send('touchMove', x, y)
    await page.waitForTimeout(20)
  }
  await column(page, 'engaging').locator('.card-ghost').waitFor()
  await send('touchEnd')
  await waitUntil(async () => (await show(id)).stage_code === 'engaging', 'the station knows of it')
  await column(page, 'engaging').locator('[data-test=board-card]').waitFor()
  await done(page)
})

test('a card moved by its menu to Lost asks why, and stays where it was when one steps back', async () => {
  const id = await newOne('Lost by menu')
  const page = await open('/opportunities?view=board&text=Lost by menu')
  await card(page, 'Lost by menu').locator('[data-test=move-menu]').click()
  await at(page, 'move-lost').click()
  await at(page, 'close-dialog').waitFor()
  await page.keyboard.press('Escape')
  await at(page, 'close-dialog').waitFor({ state: 'detached' })
  await column(page, 'prospecting').locator('[data-test=board-card]').waitFor()
  assert.equal((await show(id)).state, 'open')

  await card(page, 'Lost by menu').locator('[data-test=move-menu]').click()
  await at(page, 'move-lost').click()
  assert.equal(await at(page, 'close-confirm').isDisabled(), true)
  await at(page, 'reason-other').click()
  await at(page, 'close-confirm').click()
  await page.waitForTimeout(300)
  assert.equal((await show(id)).state, 'open') // other wants a note
  await at(page, 'close-note').locator('textarea, input').or(page.locator('textarea[data-test=close-note], input[data-test=close-note]')).first().fill('They moved abroad')
  await at(page, 'close-confirm').click()
  await waitUntil(async () => (await show(id)).state === 'lost', 'it is lost')
  const lost = await show(id)
  assert.equal(lost.lost_reason, 'other')
  assert.equal(lost.lost_note, 'They moved abroad')
  await done(page)
})

test('a refused move puts the card back and says why', async () => {
  const id = await newOne('Closed elsewhere')
  const page = await open('/opportunities?view=board&text=Closed elsewhere')
  await card(page, 'Closed elsewhere').waitFor()
  const held = await page.route('**/api/ask/**', route => route.abort()) // the page does not hear of what comes now
  await anna.do('opportunity.win', { opportunity: id })
  await card(page, 'Closed elsewhere').locator('[data-test=move-menu]').click()
  await at(page, 'move-engaging').click()
  const note = page.locator('.q-notification')
  await note.waitFor()
  assert.match(await note.innerText(), /\S{3,}/)
  await page.unroute('**/api/ask/**', held)
  assert.equal((await show(id)).state, 'won')
  await page.context().close() // aborted requests are its complaints
})

test('winning asks what it brought', async () => {
  const id = await newOne('To be won', { stage: 'engaging' })
  const page = await open('/opportunities/' + id)
  await at(page, 'win').click()
  const amount = page.locator('[data-test=won-amount]').locator('input').or(page.locator('input[data-test=won-amount]')).first()
  await amount.fill('13,000')
  await at(page, 'close-confirm').click()
  await waitUntil(async () => (await show(id)).state === 'won', 'it is won')
  assert.equal((await show(id)).amount_minor, 1300000)
  await page.getByText('13,000.00').first().waitFor()
  await done(page)
})

test('product lines add up, and their sum becomes the amount', async () => {
  const id = await newOne('With lines')
  const [product] = await anna.ask('product.list')
  await anna.do('opportunity.add_product', { opportunity: id, product: product.id, quantity: 3, unit_price: 10000 })
  const page = await open('/opportunities/' + id)
  await at(page, 'products').locator('button[aria-label]').click()
  const quantity = page.locator('input[data-test=line-quantity]').or(at(page, 'line-quantity').locator('input')).first()
  await quantity.fill('7')
  await at(page, 'line-save').click()
  await waitUntil(async () => (await at(page, 'lines-total').innerText()).includes('700.00'), 'the new sum')
  await at(page, 'take-total').click()
  await waitUntil(async () => (await show(id)).amount_minor === 70000, 'the amount')
  await done(page)
})

test('the language changes at once and stays', async () => {
  const page = await open('/me')
  await page.getByRole('heading', { name: 'My results' }).waitFor()
  await at(page, 'language-zh-CN').click()
  await page.getByRole('heading', { name: '我的业绩' }).waitFor()
  assert.equal(await page.evaluate(() => document.documentElement.lang), 'zh-CN')
  await page.getByRole('link', { name: '商机' }).first().click()
  await page.getByRole('heading', { name: '商机' }).waitFor()
  assert.equal(await page.evaluate(() => localStorage.getItem('satchel.language')), 'zh-CN')
  await done(page)
})

test('a figure opens the rows behind it', async () => {
  const page = await open('/me')
  await at(page, 'period-year').click()
  const won = (await anna.ask('result.brief', { period: 'year' })).find(row => row.metric === 'won')
  await waitUntil(async () => (await at(page, 'figure-won').innerText()).includes(String(won.value)), 'the figure')
  await at(page, 'figure-won').click()
  await waitUntil(async () => new RegExp(`^${won.value} in all`).test(await at(page, 'total').innerText()), 'as many rows as the figure says')
  await done(page)
})

test('the list finds, filters and comes back to where it was', async () => {
  const page = await open('/opportunities')
  const [all] = await anna.ask('opportunity.count', { state: 'open' })
  await waitUntil(async () => (await at(page, 'total').innerText()).startsWith(`${all.count} in all`), 'all that are open')
  await page.locator('input[type=search]').fill('Lost by menu')
  await waitUntil(async () => (await at(page, 'total').innerText()) === '', 'no open one')
  await at(page, 'state-lost').click()
  await at(page, 'opportunity-row').filter({ hasText: 'Lost by menu' }).click()
  await at(page, 'opportunity-head').waitFor()
  await at(page, 'back').click()
  await at(page, 'opportunity-row').filter({ hasText: 'Lost by menu' }).waitFor()
  assert.equal(await page.locator('input[type=search]').inputValue(), 'Lost by menu')
  await done(page)
})

test('the board, its menu and the dialogs stumble over nothing', async () => {
  const id = await newOne('Looked at', { stage: 'engaging' })
  const page = await open('/opportunities?view=board&text=Looked at')
  const tidy = async what => {
    await page.waitForTimeout(400) // what opens has opened
    const found = [...(await accessibility(page)), ...(await overflow(page))]
    assert.deepEqual(found.filter(one => !/^axe region: .*q-portal--menu/.test(one)), [], what) // a menu stands in no landmark
  }
  await card(page, 'Looked at').waitFor()
  await tidy('board')
  await card(page, 'Looked at').locator('[data-test=move-menu]').click()
  await at(page, 'move-lost').waitFor()
  await tidy('menu')
  await at(page, 'move-lost').click()
  await at(page, 'close-dialog').waitFor()
  await tidy('lost')
  await page.keyboard.press('Escape')
  await at(page, 'filters').click()
  await at(page, 'filter-sheet').waitFor()
  await tidy('filters')
  await page.keyboard.press('Escape')
  await go(page, '/opportunities/' + id)
  await at(page, 'more-actions').click()
  await at(page, 'do-edit').click()
  await at(page, 'edit-dialog').waitFor()
  await tidy('edit')
  await done(page)
})

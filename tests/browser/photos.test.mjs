/* Photos: taken offline and made small, marked until headquarters has them, seen by a colleague, removed. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import zlib from 'node:zlib'
import { Company, waitUntil } from './company.mjs'
import { at, done, launch, openStation } from './browser.mjs'

let company, browser, anna, customer

before(async () => {
  company = await Company.make()
  anna = await company.station('anna', 'Anna Snelling', { link: true })
  ;[customer] = await anna.ask('customer.list', { limit: 1 })
  await anna.app()
  await company.hq.app()
  browser = await launch()
})
after(async () => {
  await browser?.close()
  await company?.close()
})

/* A picture of one colour. */
function png(width, height) {
  const chunk = (type, data) => {
    const body = Buffer.concat([Buffer.from(type), data])
    const length = Buffer.alloc(4)
    length.writeUInt32BE(data.length)
    const sum = Buffer.alloc(4)
    sum.writeUInt32BE(crc32(body))
    return Buffer.concat([length, body, sum])
  }
  const head = Buffer.alloc(13)
  head.writeUInt32BE(width, 0)
  head.writeUInt32BE(height, 4)
  head.set([8, 2, 0, 0, 0], 8) // eight bits, red green blue
  const rows = Buffer.alloc((width * 3 + 1) * height, 0x88)
  for (let y = 0; y < height; y++) rows[y * (width * 3 + 1)] = 0
  return Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), chunk('IHDR', head), chunk('IDAT', zlib.deflateSync(rows)), chunk('IEND', Buffer.alloc(0))])
}
function crc32(bytes) {
  let sum = ~0
  for (const byte of bytes) {
    sum ^= byte
    for (let k = 0; k < 8; k++) sum = (sum >>> 1) ^ (0xedb88320 & -(sum & 1))
  }
  return ~sum >>> 0
}

const sizeOf = image => image.evaluate(node => node.decode().then(() => [node.naturalWidth, node.naturalHeight]))

test('a large photo taken without a network is small, marked, and at headquarters once there is one', async () => {
  anna.link.cut()
  const page = await openStation(browser, anna, `/customers/${customer.id}?part=about`)
  await at(page, 'photo-input').setInputFiles([
    { name: '门口.png', mimeType: 'image/png', buffer: png(2400, 1200) },
    { name: 'offer.pdf', mimeType: 'application/pdf', buffer: Buffer.from('%PDF-1.7 an offer') }
  ])
  await waitUntil(async () => (await at(page, 'photo').count()) === 2, 'both are shown')
  const image = at(page, 'photo').locator('img')
  assert.deepEqual(await sizeOf(image.first()), [1600, 800])
  await waitUntil(async () => (await at(page, 'photo-waiting').count()) === 2, 'both are marked')
  const rows = await anna.ask('attachment.list', { customer: customer.id })
  assert.deepEqual(rows.map(row => [row.name, row.media, row.kind]).sort(), [['offer.pdf', 'application/pdf', 'document'], ['门口.jpg', 'image/jpeg', 'photo']])
  anna.link.restore()
  await waitUntil(async () => (await at(page, 'photo-waiting').count()) === 0, 'headquarters has them')
  await done(page)
})

test('a colleague sees it in large; who added it takes it away', async () => {
  await company.hq.sync()
  const theirs = await openStation(browser, company.hq, `/customers/${customer.id}?part=about`)
  await at(theirs, 'photo').filter({ has: theirs.locator('img') }).click()
  assert.deepEqual(await sizeOf(at(theirs, 'photo-large').locator('img')), [1600, 800])
  assert.match(await at(theirs, 'photo-large').innerText(), /Anna Snelling/)
  await done(theirs)

  const page = await openStation(browser, anna, `/customers/${customer.id}?part=about`)
  await at(page, 'photo').filter({ has: page.locator('img') }).click()
  await at(page, 'photo-remove').click()
  await at(page, 'confirm-photo').click()
  await waitUntil(async () => (await at(page, 'photo').count()) === 1, 'it is gone')
  await done(page)
})

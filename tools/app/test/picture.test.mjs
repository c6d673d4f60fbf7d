import assert from 'node:assert/strict'
import test from 'node:test'
import { fitted, jpegName } from '../src/lib/picture.js'

test('a photo fits: its longer side has at most 1600 pixels', () => {
  assert.deepEqual(fitted(4000, 3000), [1600, 1200])
  assert.deepEqual(fitted(3000, 4000), [1200, 1600])
  assert.deepEqual(fitted(800, 600), [800, 600])
  assert.deepEqual(fitted(16000, 3), [1600, 1])
  assert.deepEqual(fitted(0, 0), [1, 1])
})

test('what became a JPEG is called one', () => {
  assert.equal(jpegName('door.HEIC'), 'door.jpg')
  assert.equal(jpegName('门口.照片.png'), '门口.照片.jpg')
  assert.equal(jpegName('photo'), 'photo.jpg')
})

/* A photo as it is kept: at most 1600 pixels on its longer side, as JPEG. What is no picture stays as it is. */
export const LONGEST = 1600
const QUALITY = 0.85
const SMALL_BYTES = 300 * 1024 // a picture that needs no smaller size and is this small stays as it is

/* The size that fits, [width, height]. */
export function fitted(width, height, longest = LONGEST) {
  const scale = Math.min(1, longest / Math.max(width, height, 1))
  return [Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale))]
}

/* "door.HEIC" of a JPEG is "door.jpg". */
export const jpegName = name => name.replace(/\.[^.]*$/, '') + '.jpg'

async function drawn(bitmap) {
  const canvas = document.createElement('canvas')
  ;[canvas.width, canvas.height] = fitted(bitmap.width, bitmap.height)
  const context = canvas.getContext('2d')
  context.fillStyle = '#fff' // JPEG knows nothing transparent
  context.fillRect(0, 0, canvas.width, canvas.height)
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height)
  return new Promise(resolve => canvas.toBlob(resolve, 'image/jpeg', QUALITY))
}

/* {bytes: Blob, name, media, kind}. */
export async function prepared(file) {
  const same = { bytes: file, name: file.name || 'photo.jpg', media: file.type || 'application/octet-stream' }
  if (!file.type.startsWith('image/')) return { ...same, kind: 'document' }
  let bitmap
  try {
    bitmap = await createImageBitmap(file)
  } catch {
    return { ...same, kind: 'document' } // a kind of picture that this browser cannot read
  }
  const fits = Math.max(bitmap.width, bitmap.height) <= LONGEST && file.size <= SMALL_BYTES
  const bytes = fits ? null : await drawn(bitmap)
  bitmap.close()
  return bytes ? { bytes, name: jpegName(same.name), media: 'image/jpeg', kind: 'photo' } : { ...same, kind: 'photo' }
}

/* The way to a place, for the phone's own map: geo: with the position when it is known, and the address to look for. */
export function wayTo(place) {
  if (!place) return ''
  const address = (place.address ?? '').trim()
  const known = Number.isInteger(place.latitude_e6) && Number.isInteger(place.longitude_e6)
  if (!known && !address) return ''
  const at = known ? `${degrees(place.latitude_e6)},${degrees(place.longitude_e6)}` : '0,0'
  const label = known && address ? `${at}(${address})` : address || at
  return `geo:${at}?q=${encodeURIComponent(label)}`
}
function degrees(e6) {
  const text = String(Math.abs(e6)).padStart(7, '0')
  return (e6 < 0 ? '-' : '') + text.slice(0, -6) + '.' + text.slice(-6)
}
/* One line: the parts of an address from large to small in Chinese, from small to large otherwise. */
export function addressLine(row, chinese) {
  const parts = [row.country, row.province, row.city, row.district, row.line ?? row.address].filter(Boolean)
  return chinese ? parts.join(' ') : parts.reverse().join(', ')
}

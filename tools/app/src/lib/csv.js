/* A table as a file for a spreadsheet: UTF-8 with its mark, and no cell that a spreadsheet would run as a formula. */

function cellText(value) {
  const text = value === null || value === undefined ? '' : String(value)
  const number = typeof value === 'number' || /^-?\d+(\.\d+)?$/.test(text)
  const harmless = !number && /^[\s]*[=+\-@\t\r]/.test(text) ? "'" + text : text
  return /[",\n\r]/.test(harmless) || /^\s|\s$/.test(harmless) ? '"' + harmless.replaceAll('"', '""') + '"' : harmless
}

/* `columns`: [{label, csv: row => value}]. */
export function toCsv(columns, rows) {
  const lines = [columns.map(({ label }) => cellText(label)), ...rows.map(row => columns.map(({ csv }) => cellText(csv(row))))]
  return '\ufeff' + lines.map(line => line.join(',')).join('\r\n') + '\r\n'
}

export function download(name, text, type = 'text/csv;charset=utf-8') {
  const address = URL.createObjectURL(new Blob([text], { type }))
  const link = document.createElement('a')
  link.href = address
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(address), 60000)
}

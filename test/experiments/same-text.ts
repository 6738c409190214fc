/**
 * A value's text in the form in which all three agree: the server, our reader of staged files, and DuckDB. Only the way of
 * writing differs: of floating points, of booleans, of the zero before a decimal point, of zeros at the end of a fraction of
 * a second, and of years before Christ.
 */
export function sameText(text: string | null, type: string): string | null {
  if (text === null) return null
  if (type === 'double') return floating(text, Number)
  if (type === 'float') return floating(text, Math.fround)
  if (type === 'boolean') return { t: 'true', f: 'false' }[text] ?? text
  if (type.startsWith('decimal')) return text.replace(/^(-?)\./, '$10.')
  if (type === 'date' || type.startsWith('time')) return moment(text)
  return text
}

function floating(text: string, rounded: (value: number) => number): string {
  const number = text.replace(/^(-?)inf(inity)?$/i, '$1Infinity')
  const value = rounded(Number(number))
  if (Number.isNaN(value)) return text.toLowerCase()
  return Object.is(value, -0) ? '-0' : String(value)
}

function moment(text: string): string {
  const bare = text
    .replace(/\+00(?= BC$|$)/, '')
    .replace(/(\.\d*?)0+$/, '$1')
    .replace(/\.$/, '')
  const before = / \(?BC\)?/.test(bare)
  const [, year = '', rest = ''] = /^(-?\d+)(-.*)$/.exec(bare.replace(/ \(?BC\)?/, '')) ?? []
  if (year === '') return bare
  return `${before ? 1 - Number(year) : Number(year)}${rest}`
}

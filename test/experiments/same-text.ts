/**
 * A value's text in the form in which all three agree: the server, our reader of staged files, and DuckDB. Only the way of
 * writing differs: of floating points, of the zero before a decimal point, of zeros at the end of a fraction of a second, of years before Christ, of booleans.
 */
export function sameText(text: string | null, type: string): string | null {
  if (text === null) return null
  if (type === 'double') return floating(text)
  if (type === 'float') return floating(String(Math.fround(Number(numberText(text)))))
  if (type === 'boolean') return String(text.startsWith('t'))
  if (type.startsWith('decimal')) return text.replace(/^(-?)\./, '$10.')
  if (type === 'date' || type.startsWith('time')) return moment(text)
  return text
}

function floating(text: string): string {
  const value = Number(numberText(text))
  return Object.is(value, -0) ? '-0' : String(value)
}

function numberText(text: string): string {
  return text.replace('inf', 'Inf').replace(/^(-?)Inf$/, '$1Infinity')
}

function moment(text: string): string {
  const bare = text
    .replace(/\+00(?= BC$|$)/, '')
    .replace(/(\.\d*?)0+$/, '$1')
    .replace(/\.$/, '')
  const before = / \(?BC\)?/.test(bare)
  const [, year = '', rest = ''] = /^(-?\d+)(-.*)$/.exec(bare.replace(/ \(?BC\)?/, '')) ?? [undefined, '', bare]
  if (year === '') return bare
  return `${before ? 1 - Number(year) : Number(year)}${rest}`
}

/** Of ten, up to the 38 digits that a decimal has at most. */
const powers = Array.from({ length: 39 }, (_, exponent) => 10n ** BigInt(exponent))
const form = /^([+-]?)(?:(\d+)(?:\.(\d*))?|\.(\d+))(?:e([+-]?\d{1,3}))?$/i

/**
 * The unscaled value of a decimal's text, with or without an exponent: `12.5` of scale 2 is 1250n. Undefined for other texts
 * and for one with a digit other than zero behind the scale: nothing is rounded.
 */
export function unscaledDecimal(text: string, scale: number): bigint | undefined {
  const match = form.exec(text)
  if (!match) return undefined
  const fraction = match[3] ?? match[4] ?? ''
  const shift = scale - fraction.length + Number(match[5] ?? 0)
  const unscaled = shifted(`${match[2] ?? ''}${fraction}`, shift)
  return unscaled !== undefined && match[1] === '-' ? -unscaled : unscaled
}

/** Whether an unscaled value has no more digits than the precision allows. */
export function fitsPrecision(unscaled: bigint, precision: number): boolean {
  const bound = powers[precision] ?? 0n
  return -bound < unscaled && unscaled < bound
}

/** The digits times ten to the power of `shift`, undefined when that would cut a digit other than zero. */
function shifted(digits: string, shift: number): bigint | undefined {
  if (shift >= 0) return BigInt(digits) * 10n ** BigInt(shift)
  const cut = digits.slice(shift)
  return /^0*$/.test(cut) ? BigInt(digits.slice(0, shift) || '0') : undefined
}

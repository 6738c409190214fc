/** Digits of the year as ISO 8601 counts them, with the year 0 and `-` before it, where DuckDB writes `(BC)`. */
function yearText(moment: string): string {
  return `CASE year(${moment}) WHEN 0 THEN '0000' ELSE format('{:05d}', year(${moment})) END`
}

/** Of a DECIMAL without a digit before the point, where DuckDB leaves out the zero. */
export function fractionText(decimal: string): string {
  return `regexp_replace(CAST(${decimal} AS VARCHAR), '^(-?)[.]', '\\10.')`
}

/** `YYYY-MM-DD` of a DATE. */
export function dateText(date: string): string {
  return `CASE WHEN year(${date}) <= 0 THEN ${yearText(date)} || strftime(${date}, '-%m-%d') ELSE CAST(${date} AS VARCHAR) END`
}

/** `YYYY-MM-DD HH:MM:SS[.ffffff]` of a TIMESTAMP, without trailing zeros of the fraction. */
export function timestampText(moment: string): string {
  const ancient = `${yearText(moment)} || strftime(${moment}, '-%m-%d ') || CAST(CAST(${moment} AS TIME) AS VARCHAR)`
  return `CASE WHEN year(${moment}) <= 0 THEN ${ancient} ELSE CAST(${moment} AS VARCHAR) END`
}

/**
 * The fewest digits that give a DOUBLE back, as JavaScript lays them out: DuckDB finds the same digits, but turns to an
 * exponent earlier on both sides and writes `1.0`, `1e-07`, `inf` and `nan`.
 */
export function doubleText(number: string): string {
  const engine = `CAST(${number} AS VARCHAR)`
  const sign = `CASE WHEN ${number} < 0 THEN '-' ELSE '' END`
  const digits = `replace(regexp_extract(${engine}, '[0-9.]+'), '.', '')`
  const exponent = `CAST(regexp_extract(${engine}, 'e[+-]([0-9]+)', 1) AS INTEGER)`
  const isNegative = `contains(${engine}, 'e-')`
  return [
    'CASE',
    `WHEN isnan(${number}) THEN 'NaN'`,
    `WHEN isinf(${number}) THEN ${sign} || 'Infinity'`,
    `WHEN NOT contains(${engine}, 'e') THEN regexp_replace(${engine}, '[.]0$', '')`,
    `WHEN ${isNegative} AND ${exponent} <= 6 THEN ${sign} || '0.' || repeat('0', ${exponent} - 1) || ${digits}`,
    `WHEN NOT ${isNegative} AND ${exponent} <= 20 THEN ${sign} || rpad(${digits}, ${exponent} + 1, '0')`,
    `ELSE regexp_replace(${engine}, 'e([+-])0', 'e\\1') END`,
  ].join(' ')
}

/** The fewest digits that give a FLOAT back; DuckDB's own text has more than it needs, subnormal numbers aside. */
export function floatText(number: string): string {
  // A number just between two texts is pushed away from zero: `format` would take the even one.
  const rounded = (digits: number) => `format('{:.${digits}g}', CAST(${number} AS DOUBLE) * (1 + 1e-15))`
  const shorter = [6, 7, 8].map((digits) => `WHEN CAST(${rounded(digits)} AS FLOAT) = ${number} THEN ${rounded(digits)}`)
  const subnormal = `WHEN abs(${number}) < 1.1754943e-38 THEN CAST(${number} AS VARCHAR)`
  return doubleText(`CAST(CASE ${subnormal} ${shorter.join(' ')} ELSE ${rounded(9)} END AS DOUBLE)`)
}

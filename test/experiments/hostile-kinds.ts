import type { ColumnKind } from './wide-table.ts'

const strange = [
  "''",
  "' '",
  "'NULL'",
  "'None'",
  "'\\\\N'",
  "'\\\\.'",
  '\'""\'',
  "'nan'",
  "'a\"b,c\\nd\\r\\ne'",
  "'\\r'",
  "'\\t'",
  "'a\\\\'",
]
const unicode = ["'😀 𝄞'", "'é é'", "'‏ש‎'", "'👩‍👩‍👧'", "'a b'"]

/** Values that movers alter or refuse. */
export const mysqlKinds: readonly ColumnKind[] = [
  kind('decimal38', 'DECIMAL(38,10)', '9999999999999999999999999999.9999999999', '-0.0000000001', '1.10', '0'),
  kind('decimal65', 'DECIMAL(65,30)', '12345678901234567890123456789012345.123456789012345678901234567890', '-1e-30', '0'),
  kind('ubigint', 'BIGINT UNSIGNED', '18446744073709551615', '9223372036854775808', '0'),
  kind('uint', 'INT UNSIGNED', '4294967295', '0'),
  kind('timestamp6', 'TIMESTAMP(6) NULL', "'2026-01-01 00:00:00.000007'", "'2024-11-03 05:30:00'", "'2024-11-03 06:30:00'"),
  kind('datetime6', 'DATETIME(6)', "'2024-03-10 02:30:00.999999'", "'9999-12-31 23:59:59.999999'", "'0001-01-01'"),
  kind('zerodate', 'DATE', "'0000-00-00'", "'2026-01-01'"),
  kind('partdate', 'DATE', "'2024-00-00'", "'2024-00-15'", "'2026-02-01'"),
  kind('time6', 'TIME(6)', "'-12:34:56.000001'", "'838:59:59'", "'-838:59:59.999999'", "'23:59:59.999999'"),
  kind('time_in_day', 'TIME(6)', "'23:59:59.999999'", "'00:00:00'", "'12:00:00.5'"),
  { ...kind('bit8', 'BIT(8)', "b'11111111'", "b'0'", "b'10101'"), shown: 'CAST(v + 0 AS CHAR)' },
  { ...kind('bit1', 'BIT(1)', "b'1'", "b'0'"), shown: 'CAST(v + 0 AS CHAR)' },
  kind('tinyint1', 'TINYINT(1)', '0', '1', '2', '-1', '127'),
  kind('json', 'JSON', '\'{"b": 9007199254740993, "a": 12345678901234567890.125}\'', "'null'", "'[1.10]'"),
  kind('text', 'VARCHAR(200)', ...strange, ...unicode),
  kind('latin1', 'VARCHAR(20) CHARACTER SET latin1', "'€ é'", "'ÿ'", "'Ã©'"),
  { ...kind('blob', 'BLOB', "''", "x'00'", "x'00FF80414200'", "x'6162'", "x'0d0a22'"), shown: 'LOWER(HEX(v))' },
  { ...kind('year', 'YEAR', '1901', '2155', '0'), shown: 'CAST(v + 0 AS CHAR)' },
  kind('enum', "ENUM('a','b,c','😀')", "'b,c'", "'😀'", "''"),
  kind('set', "SET('a','b')", "'a,b'", "''", "'b'"),
  { ...kind('double', 'DOUBLE', '1.7976931348623157e308', '5e-324', '12345678.123456789', '0.1', '-0e0'), shown: 'v' },
  { ...kind('float', 'FLOAT', '16777216', '3.14159274', '0.1', '-3.4028234e38'), shown: 'v * 1e0' },
  { ...kind('binary4', 'BINARY(4)', "'a'", "x'00000000'"), shown: 'LOWER(HEX(v))' },
  kind('allnull', 'INT', 'NULL', 'NULL'),
]

/** Values that movers alter or refuse. */
export const postgresKinds: readonly ColumnKind[] = [
  kind('numeric', 'numeric', '123456789012345678901234567890.123456789', '1e-30', '1.10', '0'),
  kind('numeric_nan', 'numeric', "'NaN'", '1.5'),
  kind('numeric_inf', 'numeric', "'Infinity'", "'-Infinity'", '1'),
  kind('numeric38', 'numeric(38,10)', '9999999999999999999999999999.9999999999', "'NaN'", '-1e-10'),
  kind('int8', 'int8', '9223372036854775807', "'-9223372036854775808'", '9007199254740993'),
  kind('tstz', 'timestamptz', "'2026-01-01 00:00:00.000007+00'", "'2024-11-03 01:30-04'", "'2024-11-03 01:30-05'"),
  kind('tstz_inf', 'timestamptz', "'infinity'", "'-infinity'", "'2026-01-01 00:00+00'"),
  kind('ts_bc', 'timestamp', "'0044-03-15 12:00 BC'", "'2024-03-10 02:30'"),
  kind('date_inf', 'date', "'infinity'", "'-infinity'", "'2026-01-01'"),
  kind('date_far', 'date', "'5874897-12-31'", "'4713-01-01 BC'", "'12345-01-01'"),
  kind('time24', 'time', "'24:00:00'", "'23:59:59.999999'"),
  kind('timetz', 'timetz', "'10:00:00+05:30'", "'24:00:00-12'"),
  { ...kind('bytea', 'bytea', "''", "'\\x00ff80414200'"), shown: "encode(v, 'hex')" },
  kind('intarr', 'int[]', "'{1,2,NULL}'", "'{}'"),
  kind('intarr2', 'int[]', "'{{1,2},{3,4}}'"),
  kind('textarr', 'text[]', `array['a,b','c"d',null,'']`),
  kind('jsonb', 'jsonb', '\'{"a": 12345678901234567890.123456, "b": 9007199254740993}\'', "'null'", "'[]'"),
  kind('jsonb_huge', 'jsonb', "('[1' || repeat('0', 400) || ']')"),
  kind('uuid', 'uuid', "'0190a5b8-7d3c-7000-8000-000000000001'", "'ffffffff-ffff-ffff-ffff-ffffffffffff'"),
  kind('interval', 'interval', "'1 year 2 mons -3 days 04:05:06.000007'", "'0'"),
  kind('text', 'text', ...strange.map((text) => `E${text}`), ...unicode),
  kind('float8', 'float8', "'NaN'", "'Infinity'", "'-Infinity'", "'-0'", '5e-324', '1e21', '0.1'),
  kind('bool', 'bool', 'true', 'false'),
  kind('money', 'money', "'12.50'", "'-92233720368547758.08'"),
  kind('inet', 'inet', "'1.2.3.4'", "'10.0.0.0/8'", "'::1'"),
  kind('enum', 'h_mood', "'sad'", "'it''s'"),
  kind('range', 'int4range', "'[1,5)'", "'empty'"),
  kind('varbit', 'bit varying(8)', "B'1010'", "B''"),
  kind('composite', 'h_pair', "row(1, 'a,b')", 'row(null, null)'),
  kind('char5', 'char(5)', "'ab'", "''"),
]

function kind(name: string, declaration: string, ...values: readonly string[]): ColumnKind {
  return { name, declaration, values }
}

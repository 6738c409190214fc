import type { Kind } from './databases.ts'
import type { ColumnKind } from './wide-table.ts'

const hex = 'LOWER(HEX(v))'
const number = 'CAST(v + 0 AS CHAR)'
const wkt = 'ST_AsText(v)'
const shape = (text: string) => `ST_GeomFromText('${text}')`
const wide = '99999999999999999999999999999999999999'

const mysqlTypes: readonly ColumnKind[] = [
  kind('tinyint', '-128', '127', '0'),
  kind('tinyint(1)', '-128', '127', '2'),
  kind('tinyint unsigned', '0', '255'),
  kind('smallint', '-32768', '32767'),
  kind('smallint unsigned', '0', '65535'),
  kind('mediumint', '-8388608', '8388607'),
  kind('mediumint unsigned', '0', '16777215'),
  kind('int', '-2147483648', '2147483647'),
  kind('int unsigned', '0', '4294967295'),
  kind('bigint', '-9223372036854775808', '9223372036854775807', '9007199254740993'),
  kind('bigint unsigned', '0', '18446744073709551615'),
  kind('decimal(12,2)', '-9999999999.99', '9999999999.99', '0.01', '-0.01'),
  kind('decimal(18,18)', '0.999999999999999999', '-0.000000000000000001'),
  kind('decimal(19,0)', '-9999999999999999999', '9223372036854775808'),
  kind('decimal(38,10)', '-9999999999999999999999999999.9999999999', '0.0000000001'),
  kind('decimal(38,0)', wide, `-${wide}`),
  kind('decimal(39,0)', `${wide}9`, '-1'),
  kind('decimal(65,30)', `${'9'.repeat(35)}.${'9'.repeat(30)}`, '-0.000000000000000000000000000001'),
  { ...kind('float', '16777216', '-3.40282e38', '1.17549e-38', '0.1', '0'), shown: 'v * 1e0' },
  { ...kind('double', '1.7976931348623157e308', '-2.2250738585072014e-308', '5e-324', '0.1', '1e21'), shown: 'v' },
  { ...kind('bit(1)', "b'0'", "b'1'"), shown: number },
  { ...kind('bit(63)', '0', '0x7fffffffffffffff'), shown: number },
  { ...kind('bit(64)', '0', '0xffffffffffffffff'), shown: number },
  kind('date', "'0001-01-01'", "'9999-12-31'", "'1969-12-31'", "'2024-02-29'"),
  kind('datetime', "'0001-01-01 00:00:00'", "'9999-12-31 23:59:59'"),
  kind('datetime(6)', "'1000-01-01 00:00:00.000001'", "'9999-12-31 23:59:59.999999'", "'1969-12-31 23:59:59.999999'"),
  kind('timestamp', "'1970-01-01 00:00:01'", "'2038-01-19 03:14:07'"),
  kind('timestamp(6)', "'1970-01-01 00:00:01.000001'", "'2038-01-19 03:14:07.999999'"),
  kind('time', "'-838:59:59'", "'838:59:59'", "'00:00:00'"),
  kind('time(6)', "'-838:59:59.000000'", "'838:59:58.999999'", "'-00:00:00.000001'"),
  { ...kind('year', '1901', '2155', '0'), shown: number },
  kind('char(255)', "REPEAT('ÿ', 255)", "''", "'a'"),
  kind('varchar(300)', "REPEAT('😀', 300)", "''", "' a '"),
  kind('tinytext', "REPEAT('x', 255)", "''"),
  kind('text', "REPEAT('x', 65535)", "''"),
  kind('mediumtext', "REPEAT('é', 100000)"),
  kind('longtext', "REPEAT('😀', 100000)"),
  kind("enum('a','b,c','')", "'b,c'", "''", "'a'"),
  kind("set('x','y','z')", "'x,z'", "''", "'x,y,z'"),
  kind('json', '\'{"a": [1.10, 12345678901234567890, null, "\\\\u00e9"]}\'', "'null'", '\'""\''),
  { ...kind('binary(3)', "''", "x'00ff00'"), shown: hex },
  { ...kind('varbinary(255)', "''", "REPEAT(x'00', 255)"), shown: hex },
  { ...kind('tinyblob', "''", "x'ff'"), shown: hex },
  { ...kind('blob', "''", "REPEAT(x'00ff', 30000)"), shown: hex },
  { ...kind('mediumblob', "REPEAT(x'fe', 70000)"), shown: hex },
  { ...kind('longblob', "REPEAT(x'fe', 200000)"), shown: hex },
  ...[
    { ...kind('geometry', shape('POINT(1 2)'), shape('LINESTRING(0 0,1 1)')), shown: wkt },
    { ...kind('point', shape('POINT(-1.5 1e300)')), shown: wkt },
    { ...kind('linestring', shape('LINESTRING(0 0,1.25 1)')), shown: wkt },
    { ...kind('polygon', shape('POLYGON((0 0,1 0,1 1,0 0))')), shown: wkt },
    { ...kind('multipoint', shape('MULTIPOINT(0 0,1 1)')), shown: wkt },
    { ...kind('multilinestring', shape('MULTILINESTRING((0 0,1 1))')), shown: wkt },
    { ...kind('multipolygon', shape('MULTIPOLYGON(((0 0,1 0,1 1,0 0)))')), shown: wkt },
    { ...kind('geometrycollection', shape('GEOMETRYCOLLECTION(POINT(1 1))')), shown: wkt },
  ],
]

const mariadbTypes: readonly ColumnKind[] = [
  kind('uuid', "'00000000-0000-0000-0000-000000000000'", "'ffffffff-ffff-ffff-ffff-ffffffffffff'"),
  kind('inet4', "'0.0.0.0'", "'255.255.255.255'"),
  kind('inet6', "'::'", "'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'", "'2001:db8::1'"),
]

const postgresTypes: readonly ColumnKind[] = [
  kind('boolean', 'true', 'false'),
  kind('smallint', "'-32768'", '32767'),
  kind('integer', "'-2147483648'", '2147483647'),
  kind('bigint', "'-9223372036854775808'", '9223372036854775807', '9007199254740993'),
  kind('oid', '0', '4294967295'),
  kind('numeric(12,2)', '-9999999999.99', '9999999999.99', '0.01', '10000'),
  kind('numeric(18,18)', '0.999999999999999999', '-0.000000000000000001'),
  kind('numeric(38,10)', '-9999999999999999999999999999.9999999999', '1e-10', '1e20'),
  kind('numeric(38,0)', wide, `-${wide}`),
  kind('numeric(3,-2)', '99900', '-100'),
  kind('numeric(39,0)', `${wide}9`, '-1'),
  kind('numeric', "'NaN'", "'Infinity'", '1e-1000', `${wide}${wide}.5`, '1.10'),
  kind('real', "'-0'", '3.4028235e38', '1e-45', "'NaN'", "'-Infinity'", '16777216'),
  kind('double precision', "'-0'", '1.7976931348623157e308', '5e-324', "'NaN'", "'Infinity'", '0.1'),
  kind('money', "'-92233720368547758.08'", "'92233720368547758.07'"),
  kind('text', "''", "repeat('😀', 100000)", "E'\\\\N\\n\\t\\\\'", "' '"),
  kind('varchar(10)', "''", "'1234567890'"),
  kind('char(5)', "''", "'ab'", "'12345'"),
  kind('name', "'x'", "repeat('x', 63)"),
  kind('"char"', "'x'", "'\\\\'"),
  { ...kind('bytea', "''", "'\\x00ff80414200'", "decode(repeat('fe', 200000), 'hex')"), shown: "encode(v, 'hex')" },
  kind('uuid', "'00000000-0000-0000-0000-000000000000'", "'FFFFFFFF-ffff-ffff-ffff-ffffffffffff'"),
  kind('json', '\'{"b": 1.10,  "a":12345678901234567890.5, "a":null}\'', "'null'", "' 1 '"),
  kind('jsonb', '\'{"b": 1.10,  "a":12345678901234567890.5}\'', "'null'"),
  kind('xml', "'<a>1</a>'"),
  kind('date', "'4713-01-01 BC'", "'5874897-12-31'", "'0001-01-01'", "'2024-02-29'"),
  kind('time', "'00:00'", "'23:59:59.999999'"),
  kind('timetz', "'00:00:00+15:59:59'", "'24:00:00-15:59:59'"),
  kind('timestamp', "'4713-01-01 00:00 BC'", "'294246-12-31 23:59:59.999999'", "'1969-12-31 23:59:59.999999'"),
  kind('timestamptz', "'4713-01-02 00:00+00 BC'", "'294246-12-31 23:59:59.999999+00'", "'2024-11-03 01:30-05'"),
  kind('interval', "'-178000000 years'", "'1 year 2 mons -3 days 04:05:06.000007'", "'0'"),
  kind('inet', "'1.2.3.4'", "'10.0.0.0/8'", "'::1'", "'2001:db8::/32'"),
  kind('cidr', "'10.0.0.0/8'", "'1.2.3.4'", "'::/0'"),
  kind('macaddr', "'08:00:2b:01:02:03'"),
  kind('macaddr8', "'08:00:2b:01:02:03:04:05'"),
  kind('bit(4)', "B'1010'"),
  kind('bit varying', "B''", "B'101'"),
  kind('point', "'(1,2.5)'", "'(1e300,-1e-300)'"),
  kind('line', "'{1,2,3}'"),
  kind('lseg', "'[(0,0),(1,1)]'"),
  kind('box', "'(1,1),(0,0)'"),
  kind('path', "'((0,0),(1,1))'", "'[(0,0),(1,1)]'"),
  kind('polygon', "'((0,0),(1,1),(1,0))'"),
  kind('circle', "'<(0,0),1.5>'"),
  kind('tsvector', "'a:1 fat:2A cat'", "''"),
  kind('tsquery', "'fat & (rat | cat)'"),
  kind('jsonpath', "'$.a[*] ? (@ > 1)'"),
  kind('pg_lsn', "'0/0'", "'FFFFFFFF/FFFFFFFF'"),
  kind('int4range', "'[1,5)'", "'empty'", "'(,)'"),
  kind('tstzrange', "'[2025-01-01 00:00+00,)'"),
  kind('int4multirange', "'{[1,3),[5,7)}'", "'{}'"),
  kind('integer[]', "'{1,2,NULL}'", "'{{1,2},{3,4}}'", "'{}'"),
  kind('text[]', `array['a,b','c"d',null,'','NULL']`),
  kind('mood', "'sad'", "'it''s'"),
  kind('pair', "row(1, 'a,b')", 'row(null, null)'),
  kind('price', '12.5', '-999999.99'),
]

/** Types of which the values need more than a name. */
export const postgresOwnTypes = [
  "CREATE TYPE mood AS ENUM ('sad', 'it''s')",
  'CREATE TYPE pair AS (a int, b text)',
  'CREATE DOMAIN price AS numeric(8,2)',
]

/** A column of every type of the server, with its extremes as far as a type of ours holds them. */
export const typeKinds: Readonly<Record<Kind, readonly ColumnKind[]>> = {
  mariadb: [...mysqlTypes, ...mariadbTypes],
  mysql8: mysqlTypes,
  postgres: postgresTypes,
}

function kind(declaration: string, ...values: readonly string[]): ColumnKind {
  return { name: declaration, declaration, values }
}

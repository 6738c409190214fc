import { columnTypeText } from '../../src/model/column-type.ts'
import { typeReading as mysqlReading } from '../../src/sources/mysql/types.ts'
import { typeReading as postgresReading } from '../../src/sources/postgres/types.ts'
import { declaredType } from '../../src/sources/sqlite/declared-type.ts'

/** A type of a database, what it is read as, and what it is read as where the project asks for something else. */
export interface TypeRow {
  readonly declared: string
  readonly type: string
  readonly otherwise: string
}

/** What a policy other than the default is called, and what it makes of a type. */
type Policies<Declared> = Readonly<Record<string, (declared: Declared) => string>>

function rowsOf<Declared>(
  types: readonly (readonly [name: string, declared: Declared])[],
  byDefault: (declared: Declared) => string,
  policies: Policies<Declared> = {},
): readonly TypeRow[] {
  return types.map(([name, declared]) => {
    const type = byDefault(declared)
    const others = Object.entries(policies).flatMap(([policy, typeOf]) => {
      const other = typeOf(declared)
      return other === type ? [] : [`\`${policy}\`: ${other}`]
    })
    return { declared: name, type, otherwise: others.join('; ') }
  })
}

const mysqlTypes = [
  ...['tinyint', 'tinyint(1)', 'tinyint unsigned', 'smallint', 'smallint unsigned', 'mediumint', 'mediumint unsigned'],
  ...['int', 'int unsigned', 'bigint', 'bigint unsigned', 'decimal(12,2)', 'decimal(38,10)', 'decimal(39,0)'],
  ...['float', 'double', 'bit(1)', 'bit(63)', 'bit(64)', 'date', 'datetime', 'timestamp', 'time', 'year'],
  ...['char', 'varchar', 'tinytext', 'text', 'mediumtext', 'longtext', 'enum', 'set', 'json', 'uuid', 'inet4', 'inet6'],
  ...['binary', 'varbinary', 'tinyblob', 'blob', 'mediumblob', 'longblob', 'vector'],
  ...['geometry', 'point', 'linestring', 'polygon', 'multipoint', 'multilinestring', 'multipolygon'],
  ...['geometrycollection', 'geomcollection'],
]

/** Every type of MySQL and MariaDB. */
export function mysqlTypeRows(): readonly TypeRow[] {
  const usual = { zeroDates: 'reject', tinyint1: 'integer', times: 'text' } as const
  const reading = (declared: string, rules: Parameters<typeof mysqlReading>[1]) => {
    const [, data = '', precision = '0', scale = '0'] = /^(\w+)(?:\((\d+)(?:,(\d+))?\))?/.exec(declared) ?? []
    const of = { data, declared, precision: Number(precision), scale: Number(scale), isJson: false }
    return columnTypeText(mysqlReading(of, rules).type)
  }
  return rowsOf(
    mysqlTypes.map((name) => [name, name] as const),
    (declared) => reading(declared, usual),
    {
      "zeroDates: 'text'": (declared) => reading(declared, { ...usual, zeroDates: 'text' }),
      "tinyint1: 'boolean'": (declared) => reading(declared, { ...usual, tinyint1: 'boolean' }),
      "times: 'time'": (declared) => reading(declared, { ...usual, times: 'time' }),
    },
  )
}

interface PostgresType {
  readonly oid: number
  readonly modifier: number
}

/** The modifier of `numeric(precision,scale)`, as the catalogue keeps it. */
function numeric(precision: number, scale: number): PostgresType {
  return { oid: 1700, modifier: ((precision << 16) | (scale & 0x7ff)) + 4 }
}

const plain = (oid: number): PostgresType => ({ oid, modifier: -1 })

const postgresTypes: readonly (readonly [name: string, type: PostgresType])[] = [
  ['boolean', plain(16)],
  ['smallint', plain(21)],
  ['integer', plain(23)],
  ['bigint', plain(20)],
  ['oid', plain(26)],
  ['numeric(12,2)', numeric(12, 2)],
  ['numeric(38,10)', numeric(38, 10)],
  ['numeric(3,-2)', numeric(3, -2)],
  ['numeric(39,0)', numeric(39, 0)],
  ['numeric', plain(1700)],
  ['real', plain(700)],
  ['double precision', plain(701)],
  ['money', plain(790)],
  ['text', plain(25)],
  ['varchar', plain(1043)],
  ['char(n)', plain(1042)],
  ['name', plain(19)],
  ['"char"', plain(18)],
  ['bytea', plain(17)],
  ['uuid', plain(2950)],
  ['json', plain(114)],
  ['jsonb', plain(3802)],
  ['xml', plain(142)],
  ['date', plain(1082)],
  ['time', plain(1083)],
  ['timetz', plain(1266)],
  ['timestamp', plain(1114)],
  ['timestamptz', plain(1184)],
  ['interval', plain(1186)],
  ['inet', plain(869)],
  ['cidr', plain(650)],
  ['macaddr', plain(829)],
  ['macaddr8', plain(774)],
  ['bit(n)', plain(1560)],
  ['bit varying', plain(1562)],
  ['point', plain(600)],
  ['line', plain(628)],
  ['lseg', plain(601)],
  ['box', plain(603)],
  ['path', plain(602)],
  ['polygon', plain(604)],
  ['circle', plain(718)],
  ['tsvector', plain(3614)],
  ['tsquery', plain(3615)],
  ['jsonpath', plain(4072)],
  ['pg_lsn', plain(3220)],
  ['int4range', plain(3904)],
  ['tstzrange', plain(3910)],
  ['int4multirange', plain(4451)],
  ['integer[]', plain(1007)],
  ['text[]', plain(1009)],
  // Extensions and users number theirs from here on.
  ['any enum, composite or extension type', plain(16_384)],
]

/** The types of Postgres, with one for all that users make. */
export function postgresTypeRows(): readonly TypeRow[] {
  const reading = (extremes: 'reject' | 'text') => (type: PostgresType) =>
    columnTypeText(postgresReading(type, { extremes, hasEncoding: true }).type)
  return rowsOf(postgresTypes, reading('reject'), { "extremes: 'text'": reading('text') })
}

const sqliteTypes = [
  ...['INTEGER', 'INT', 'BIGINT', 'SMALLINT', 'TINYINT', 'SERIAL', 'BOOLEAN', 'BOOL', 'REAL', 'DOUBLE', 'FLOAT'],
  ...['DECIMAL(12,2)', 'NUMERIC(38,10)', 'DECIMAL(39,0)', 'DECIMAL', 'NUMERIC', 'TEXT', 'VARCHAR(20)', 'CHAR(1)', 'CLOB'],
  ...['BLOB', 'VARBINARY(16)', 'BYTEA', 'DATE', 'TIME', 'DATETIME', 'TIMESTAMP', 'TIMESTAMPTZ', 'TIMESTAMP WITH TIME ZONE'],
  ...['JSON', 'JSONB', 'UUID'],
]

/** What is usually declared in SQLite; any other word counts by the parts that it has. */
export function sqliteTypeRows(): readonly TypeRow[] {
  const types = [...sqliteTypes, ''].map((name) => [name === '' ? 'nothing' : name, name] as const)
  return rowsOf(types, (declared) => columnTypeText(declaredType(declared)))
}

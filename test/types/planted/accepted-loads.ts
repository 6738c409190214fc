import {
  between,
  bigint,
  boolean,
  computed,
  date,
  decimal,
  double,
  expression,
  extract,
  integer,
  json,
  load,
  lookup,
  matches,
  notNull,
  oneOf,
  smallint,
  sqlite,
  text,
  time,
  timestamp,
  timestamptz,
  uuid,
} from 'sluice-etl'
import lines from './extract/lines.ts'
import storeFiles from './extract/stores.ts'
import stores from './load/stores.ts'

declare const anyText: string

const untyped = sqlite({ path: 'other.db' })
const anything = extract(untyped.table('anything'), { description: 'Anything' })
const anyDimension = load(anything, { into: 'any', write: { disposition: 'replace', key: ['id'], surrogateKey: 'any_key' } })

export const accepted = [
  load(lines, {
    into: 'target',
    columns: {
      id: bigint().from('sale_id'),
      store: lookup(stores, { store_id: 'store_id', region: 'payload' }, { unknown: 'stub' }).optional(),
      any: lookup(anyDimension, { id: 'sale_id' }),
      updated_at: timestamp().default('2025-01-01T00:00:00.5'),
      who: integer().from('store_id').optional().mask('sha256'),
      hidden: integer().optional().default(7).mask('redact').from('store_id'),
      twice: computed(decimal(14, 2).optional(), 'amount * 2'),
      amount: decimal(12, 2).from('AMT').default('0.00'),
    },
    write: { disposition: 'merge', key: ['id'], newest: 'updated_at', surrogateKey: 'sale_key' },
    checks: [
      notNull('store', { onFail: 'warn' }),
      between('amount', 0, '10000000.00', { onFail: 'fail' }),
      between('updated_at', '2020-01-01 00:00:00', anyText),
      oneOf('id', [1, 2n]),
      matches('who', '[0-9a-f]{64}'),
      expression('sane', 'amount >= 0'),
    ],
  }),
  load(lines, {
    into: 'target',
    write: { disposition: 'append', surrogateKey: 'line_key' },
    checks: [between('sale_id', 1n, 2n ** 40n), oneOf('store_id', [1, 2, 3], { onFail: 'warn' })],
  }),
  load(storeFiles, {
    into: 'pseudonyms',
    columns: { region: text().mask('sha256') },
    write: { disposition: 'insert_only', key: ['region'], surrogateKey: 'region_key' },
  }),
  load(storeFiles, { into: 'stores', write: { disposition: 'replace', allowEmpty: true } }),
  load(anything, {
    into: 'any',
    columns: { id: bigint(), key: lookup(stores, { store_id: 'a', region: 'b' }) },
    write: { disposition: 'replace', key: ['id'], surrogateKey: 'any_key' },
    checks: [between('id', 1, 2)],
  }),
  load(anything, { into: 'any', write: { disposition: 'append' }, checks: [notNull('whatever'), oneOf('other', ['a'])] }),
  load(anything, {
    into: 'any',
    columns: {
      a: boolean().default(true),
      b: date().default('2025-02-28'),
      c: double().default(1e300),
      d: json().default('{"a": 1}'),
      e: smallint().default(-1),
      f: time().default('12:30:00.25'),
      g: timestamptz().default('2025-01-01T00:00:00+02:00'),
      h: uuid().default('0197f5a0-0000-7000-8000-000000000000'),
      i: text(3).default('abc'),
    },
    write: { disposition: 'append' },
  }),
]

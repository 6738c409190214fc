import * as v from 'valibot'
import type { ColumnDefinition } from './columns.ts'
import { isDefinition } from './definition.ts'
import { isEnv, isSecret } from './environment.ts'
import type { Setting } from './setting.ts'

/** A text, or where it stands. */
export const setting = v.custom<Setting>(
  (value) => (typeof value === 'string' && value !== '') || isEnv(value) || isSecret(value),
  'is no text, env() or secret()',
)
/** The columns of a resource or a load. */
export const columns = v.record(
  v.string(),
  v.custom<ColumnDefinition>(
    (value) => isDefinition(value, 'column'),
    ({ input }) =>
      isDefinition(input, 'load column')
        ? 'has a default or a mask, which only a column of a load can have'
        : 'is no column such as text() or decimal(12, 2)',
  ),
  'are no columns',
)

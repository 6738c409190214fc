/** What DuckDB, Postgres or Snowflake does not take as a bare name of a table or a column. */
const words = `
  account all alter analyse analyze and anti any array as asc asof asymmetric at authorization between binary both by
  case cast check collate collation column concurrently connect connection constraint create cross current
  current_catalog current_date current_role current_schema current_time current_timestamp current_user database default
  deferrable delete desc describe distinct do drop else end except exists false fetch following for foreign freeze from
  full glob grant group gscluster having ilike in increment initially inner insert intersect into is isnull issue join
  lambda lateral leading left like limit localtime localtimestamp minus natural not notnull null of offset on only or
  order organization outer overlaps pivot pivot_longer pivot_wider placing positional primary qualify references regexp
  returning revoke right rlike row rows sample schema select semi session_user set show similar some start summarize
  symmetric system_user table tablesample then to trailing trigger true try_cast union unique unpack unpivot update user
  using values variadic verbose view when whenever where window with`

/** Lower-case. A name among them must be quoted, so that one statement is understood by every engine. */
export const reservedWords: ReadonlySet<string> = new Set(words.trim().split(/\s+/))

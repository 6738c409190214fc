import { type SourceAdapter, sources } from '../../src/project/adapters.ts'
import { optionsTable, typesTable } from './generated-parts.ts'
import { type OptionsSource, optionRows } from './option-rows.ts'
import { type Structure, structureOf, structureOfMade } from './schema-values.ts'
import { mysqlTypeRows, postgresTypeRows, sqliteTypeRows } from './type-rows.ts'

const inProject = (file: string) => `src/project/${file}`

function adapter(type: string): SourceAdapter {
  const found = sources[type]
  if (found === undefined) throw new Error(`There is no source of the type ${type}.`)
  return found
}

function connection(type: string, file: string, name: string): OptionsSource {
  return { structure: structureOf(adapter(type).options), file: inProject(file), types: [name] }
}

function table(type: string, types: readonly string[]): OptionsSource {
  return { structure: structureOf(adapter(type).resource), file: inProject('sql-connections.ts'), types, set: ['sql'] }
}

const ofFiles: Readonly<Record<string, string>> = { newest: 'NewestOptions', all: 'FilesOptions', new: 'NewOptions' }
const ofApi: Readonly<Record<string, string>> = { GET: 'RestGetOptions', POST: 'RestPostOptions' }
const interfaceOf = (names: Readonly<Record<string, string>>) => (variant: string) => [names[variant] ?? variant]
const files = structureOf(adapter('local-files').resource)

function format(kind: string, name: string): OptionsSource {
  const schema = files?.variants[0]?.entries['format']
  const all = schema && structureOfMade(schema)
  const structure: Structure | undefined = all && { ...all, variants: all.variants.filter(({ label }) => label === kind) }
  return { structure, file: inProject('connections.ts'), types: [name] }
}

const options: Readonly<Record<string, OptionsSource>> = {
  'options of localFiles': connection('local-files', 'connections.ts', 'localFiles'),
  'options of sftp': connection('sftp', 'remote-connections.ts', 'SftpOptions'),
  'options of ftp': connection('ftp', 'remote-connections.ts', 'FtpOptions'),
  'options of rest': connection('rest', 'rest-connection.ts', 'RestOptions'),
  'options of sqlite': connection('sqlite', 'connections.ts', 'SqliteOptions'),
  'options of mysql': connection('mysql', 'mysql-connection.ts', 'MysqlOptions'),
  'options of postgres': connection('postgres', 'postgres-connection.ts', 'PostgresOptions'),
  'options of files': {
    structure: files,
    file: inProject('connections.ts'),
    types: interfaceOf(ofFiles),
    methods: { newest: 'newest()', all: 'all()', new: 'new()' },
  },
  'options of csv': format('csv', 'CsvOptions'),
  'options of jsonArray': format('json', 'JsonArrayOptions'),
  'options of excel': format('excel', 'ExcelOptions'),
  'options of a REST resource': {
    structure: structureOf(adapter('rest').resource),
    file: inProject('rest-connection.ts'),
    types: interfaceOf(ofApi),
    methods: { GET: 'get()', POST: 'post()' },
  },
  'options of a SQLite table': table('sqlite', ['TableChoice']),
  'options of a MySQL table': table('mysql', ['TableChoice', 'PartitionOptions']),
  'options of a Postgres table': table('postgres', ['TableChoice', 'PartitionOptions']),
}

/** What pages can have generated, by the names that they ask for it with. */
export const pageParts: Readonly<Record<string, () => string>> = {
  ...Object.fromEntries(
    Object.entries(options).map(([name, source]) => [name, () => optionsTable(optionRows(name, source))] as const),
  ),
  'types of SQLite': () => typesTable('declared', sqliteTypeRows()),
  'types of MySQL': () => typesTable('MySQL, MariaDB', mysqlTypeRows()),
  'types of Postgres': () => typesTable('Postgres', postgresTypeRows()),
}

import { resolve } from 'node:path'
import * as v from 'valibot'
import type { Source } from '../contracts/source.ts'
import { SluiceError } from '../errors.ts'
import type { FtpOptions } from '../sources/ftp.ts'
import type { SftpOptions } from '../sources/sftp.ts'
import type { ConfiguredAdapter, Place } from './adapters.ts'
import { optionsSchema } from './check-options.ts'
import { isEnv, isSecret, settingText } from './environment.ts'
import { setting } from './option-schemas.ts'
import type { Setting } from './setting.ts'

const count = v.pipe(v.number('is not a number'), v.integer('is not whole'), v.minValue(1, 'is under 1'))
const port = v.custom<Setting | number>(
  (value) => (typeof value === 'number' ? isPort(value) : v.is(setting, value)),
  'is no port',
)
const optionalSetting = v.exactOptional(setting)

const common = {
  host: setting,
  port: v.exactOptional(port),
  user: setting,
  folder: optionalSetting,
  connections: v.exactOptional(count),
  connectTimeoutMs: v.exactOptional(count),
  idleTimeoutMs: v.exactOptional(count),
}

const sftpEntries = {
  ...common,
  password: optionalSetting,
  key: optionalSetting,
  passphrase: optionalSetting,
  agent: optionalSetting,
  hostKey: optionalSetting,
  knownHosts: optionalSetting,
}

/** SFTP servers, over the package ssh2. */
export const sftpAdapter: ConfiguredAdapter<Source> = {
  options: v.pipe(
    optionsSchema('the options of sftp', sftpEntries),
    v.check(
      ({ password, key, agent }) => isOne(password, key, agent),
      "the options of sftp need exactly one of 'password', 'key' and 'agent'",
    ),
    v.check(
      ({ hostKey, knownHosts }) => isOne(hostKey, knownHosts),
      "the options of sftp need exactly one of 'hostKey' and 'knownHosts': without, anybody could stand in for the server",
    ),
  ),
  async open(raw, place) {
    const { openSftp } = await import('../sources/sftp.ts')
    return openSftp(settled<SftpOptions>(raw, place, 'sftp', 'knownHosts'))
  },
}

const ftpEntries = {
  ...common,
  password: setting,
  tls: v.exactOptional(v.picklist(['explicit', 'implicit', 'none'], "is none of 'explicit', 'implicit' and 'none'")),
  allowPlaintext: v.exactOptional(v.boolean('is neither true nor false')),
  ca: optionalSetting,
}

/** FTP servers, over the package basic-ftp. */
export const ftpAdapter: ConfiguredAdapter<Source> = {
  options: v.pipe(
    optionsSchema('the options of ftp', ftpEntries),
    v.check(
      ({ tls, allowPlaintext }) => tls !== 'none' || allowPlaintext === true,
      "the options of ftp need 'allowPlaintext: true' for tls: 'none': password and files would travel unencrypted",
    ),
  ),
  async open(raw, place) {
    const { openFtp } = await import('../sources/ftp.ts')
    return openFtp(settled<FtpOptions>(raw, place, 'ftp', 'ca'))
  },
}

function isOne(...values: readonly unknown[]): boolean {
  return values.filter((value) => value !== undefined).length === 1
}

/** The options with their variables read; `file` is the one that holds a path of this machine. */
function settled<Options>(raw: object, place: Place, type: string, file: string): Options {
  const entries = Object.entries(raw).map(([option, value]: [string, unknown]) => {
    if (typeof value !== 'string' && !isEnv(value) && !isSecret(value)) return [option, value]
    const text = settingText(value, `the option '${option}' of ${place.name} (${type})`, place.environment)
    if (option === 'port') return [option, portOf(text, place.name)]
    return [option, option === file ? resolve(place.root, text) : text]
  })
  // The schema of the options says that they are these once every variable is read.
  return Object.fromEntries(entries) as Options
}

function portOf(text: string, name: string): number {
  const number = Number(text)
  if (isPort(number)) return number
  throw new SluiceError('CONFIG_INVALID', `The port of ${name} is ${JSON.stringify(text)}, which is none.`, {
    hint: 'Set it to a number from 1 to 65535.',
  })
}

function isPort(number: number): boolean {
  return Number.isInteger(number) && number > 0 && number < 65_536
}

import { type FtpOptions, openFtp } from '../../src/sources/ftp.ts'
import { openFaultyProxy } from '../../src/testing/faulty-proxy.ts'
import { startProftpd } from '../fixtures/proftpd.ts'
import { filled, type Way } from './seeded-transfers.ts'

/** FTP with this encryption; the proxy is at another address with the same ports, which the server names to the client. */
export async function ftpWay(tls: NonNullable<FtpOptions['tls']>): Promise<Way> {
  const {
    ftpPort,
    implicitPort,
    passivePorts: samePorts,
    user,
    password,
    certificateFile: ca,
    folder,
    stop,
  } = await startProftpd()
  const target = { host: '127.0.0.1', port: tls === 'implicit' ? implicitPort : ftpPort }
  const proxy = await openFaultyProxy({ target, listen: { host: '127.0.0.2' }, samePorts })
  const encryption = tls === 'none' ? { tls, allowPlaintext: true } : { tls, ca }
  return {
    proxy,
    ...(await filled(folder)),
    open: (limits) => openFtp({ host: proxy.host, port: proxy.port, user, password, ...encryption, ...limits }),
    async stop() {
      await proxy.close()
      await stop()
    },
  }
}

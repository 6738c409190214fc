import { openFaultyProxy } from '../../src/testing/faulty-proxy.ts'
import { startProftpd } from '../fixtures/proftpd.ts'
import { newFiles, offerFiles, patience, type Way } from './way.ts'

/** FTP with this encryption; the proxy is at another address with the same ports, which the server names to the client. */
export async function ftpWay(tls: 'explicit' | 'none'): Promise<Way> {
  const { ftpPort, passivePorts: samePorts, user, password, certificateFile, folder, stop } = await startProftpd()
  const target = { host: '127.0.0.1', port: ftpPort }
  const proxy = await openFaultyProxy({ target, listen: { host: '127.0.0.2' }, samePorts })
  const encryption = tls === 'none' ? "tls: 'none', allowPlaintext: true" : "ca: env('CA')"
  return {
    proxy,
    connection: `ftp({ host: env('HOST'), port: env('PORT'), user: env('LOGIN'), password: secret('PASSWORD'), ${encryption}, ${patience} })`,
    extraction: `${newFiles}, { description: 'Items' }`,
    environment: { HOST: proxy.host, PORT: String(proxy.port), LOGIN: user, PASSWORD: password, CA: certificateFile },
    offer: (batch) => offerFiles(folder, batch),
    async stop() {
      await proxy.close()
      await stop()
    },
  }
}

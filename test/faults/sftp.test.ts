import { openSftp } from '../../src/sources/sftp.ts'
import { openFaultyProxy } from '../../src/testing/faulty-proxy.ts'
import { describeWith } from '../fixtures/describe-with.ts'
import { startSshd } from '../fixtures/sshd.ts'
import { filled, seededTransfers } from './seeded-transfers.ts'

describeWith(['sshd'], 'files over SFTP', () => {
  seededTransfers(async () => {
    const { port, user, userKey: key, hostKey, folder, stop } = await startSshd()
    const proxy = await openFaultyProxy({ target: { host: '127.0.0.1', port } })
    return {
      proxy,
      ...(await filled(folder)),
      open: (limits) => openSftp({ host: proxy.host, port: proxy.port, user, key, hostKey, folder, ...limits }),
      async stop() {
        await proxy.close()
        await stop()
      },
    }
  })
})

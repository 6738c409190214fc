import { openFaultyProxy } from '../../src/testing/faulty-proxy.ts'
import { describeWith } from '../fixtures/describe-with.ts'
import { startSshd } from '../fixtures/sshd.ts'
import { seededRuns } from './seeded-runs.ts'
import { newFiles, offerFiles, patience, type Way } from './way.ts'

async function sftpWay(): Promise<Way> {
  const { port, user, userKey, hostKey, folder, stop } = await startSshd()
  const proxy = await openFaultyProxy({ target: { host: '127.0.0.1', port } })
  return {
    proxy,
    connection: `sftp({
      host: env('HOST'), port: env('PORT'), user: env('LOGIN'), key: secret('KEY'), hostKey: env('HOST_KEY'),
      folder: env('FOLDER'), ${patience},
    })`,
    extraction: `${newFiles}, { description: 'Items' }`,
    environment: {
      HOST: proxy.host,
      PORT: String(proxy.port),
      LOGIN: user,
      KEY: userKey,
      HOST_KEY: hostKey,
      FOLDER: folder,
    },
    offer: (batch) => offerFiles(folder, batch),
    async stop() {
      await proxy.close()
      await stop()
    },
  }
}

describeWith(['sshd'], 'runs over SFTP', () => seededRuns(sftpWay))

import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { openFtp } from '../../src/sources/ftp.ts'
import { readRequest } from '../../src/testing/read-request.ts'
import { csvFiles } from '../fixtures/file-readings.ts'
import { refusal } from '../fixtures/rest-reading.ts'

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

async function listening(onSocket: (socket: Socket) => void): Promise<number> {
  const server = createServer(onSocket)
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

/** An FTP server whose lists arrive like this, while it says that all went well. */
async function serverWithList(list: string): Promise<number> {
  const dataPort = await listening((socket) => void socket.end(list))
  const answers: Readonly<Record<string, string>> = {
    USER: '331 Password',
    PASS: '230 Welcome',
    FEAT: '211-Features:\r\n MLST type*;size*;modify*;\r\n211 End',
    PWD: '257 "/"',
    EPSV: `229 Extended passive (|||${dataPort}|)`,
    MLSD: '150 Here it comes\r\n226 Done',
  }
  return listening((socket) => {
    socket.write('220 Ready\r\n')
    socket.on('error', () => {})
    socket.on('data', (bytes) => {
      const [command = ''] = bytes.toString('latin1').split(/[ \r]/)
      socket.write(`${answers[command] ?? '200 Fine'}\r\n`)
    })
  })
}

async function openWith(list: string) {
  const port = await serverWithList(list)
  const login = { host: '127.0.0.1', port, user: 'u', password: 'p', tls: 'none', allowPlaintext: true } as const
  const source = await openFtp({ ...login, connectTimeoutMs: 5_000, idleTimeoutMs: 5_000 })
  try {
    const reading = await source.open(readRequest(csvFiles('*.csv')))
    await reading.close()
    return reading.partitions.map(({ id }) => id)
  } finally {
    await source.close()
  }
}

const line = (name: string) => `type=file;size=2;modify=20260101000000; ${name}\r\n`

test('a list that came whole gives its files', async () => {
  expect(await openWith(line('a.csv') + line('b.csv'))).toEqual(['a.csv', 'b.csv'])
})

test.each([5, 30, 43])(
  'a list that ends %i bytes into its second line was cut, and may come whole another time',
  async (bytes) => {
    const error = await refusal(openWith(line('a.csv') + line('b.csv').slice(0, bytes)))
    expect(error).toMatchObject({ code: 'SOURCE_UNREACHABLE', message: expect.stringContaining('in the middle of a line') })
  },
)

import { defineConfig } from 'vitest/config'

const remote = [
  'test/integration/ftp*.test.ts',
  'test/integration/sftp*.test.ts',
  'test/integration/remote-project.test.ts',
  'test/e2e/remote-files.test.ts',
  'test/e2e/init-demo.test.ts',
]

/** Against database servers. */
const databases = [
  'test/integration/mysql*.test.ts',
  'test/integration/postgres{,-*}.test.ts',
  'test/integration/{docs-databases,move-control}.test.ts',
  'test/e2e/retail-mysql.test.ts',
]

/** Kill and race by the dozen: a stage of its own too. */
const crash = ['test/e2e/crash.test.ts', 'test/integration/*-control-{processes,down}.test.ts']

export default defineConfig({
  test: {
    reporters: ['default', './test/summary-reporter.ts'],
    // Most tests wait for processes and servers: two at once even where there are only two cores.
    maxWorkers: 2,
    projects: [
      { test: { name: 'unit', include: ['src/**/*.test.ts', 'test/*.test.ts'] } },
      {
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          exclude: [...remote, ...crash, ...databases],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      // Against real SSH and FTP servers, or with an npm install: a stage of its own, because it takes minutes.
      { test: { name: 'remote', include: remote, testTimeout: 120_000, hookTimeout: 120_000 } },
      {
        test: { name: 'databases', include: databases, exclude: crash, testTimeout: 120_000, hookTimeout: 120_000 },
      },
      { test: { name: 'crash', include: crash, testTimeout: 120_000, hookTimeout: 120_000 } },
      { test: { name: 'faults', include: ['test/faults/**/*.test.ts'], testTimeout: 60_000, hookTimeout: 60_000 } },
      // Against database servers, by chance and for minutes.
      {
        test: { name: 'experiments', include: ['test/experiments/**/*.test.ts'], testTimeout: 120_000, hookTimeout: 120_000 },
      },
      { test: { name: 'types', include: ['test/types/*.test.ts'], testTimeout: 60_000 } },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          exclude: [...remote, ...crash, ...databases],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
})

import * as v from 'valibot'
import type { EngineSettings } from '../engine/context.ts'
import { optionsSchema, someText } from './check-options.ts'
import { isDefinition } from './definition.ts'
import { packageVersion } from './package-version.ts'
import type { ControlStoreDefinition, LakeDefinition, WarehouseDefinition } from './project-definition.ts'

const count = v.pipe(v.number('is not a number'), v.integer('is not a whole number'), v.minValue(1, 'is under 1'))
const milliseconds = v.pipe(v.number('is not a number'), v.minValue(0, 'is under 0'))
const layers = { landing: v.exactOptional(someText), target: v.exactOptional(someText), mart: v.exactOptional(someText) }

/** What `project({…})` may say. */
export const projectOptions = optionsSchema('the options of project', {
  name: someText,
  timeZone: v.pipe(
    someText,
    v.check(isTimeZone, (issue) => `"${issue.input}" is no IANA time zone such as Europe/Berlin`),
  ),
  lake: v.custom<LakeDefinition>((value) => isDefinition(value, 'lake'), 'is no lake such as localLake(…)'),
  warehouse: v.custom<WarehouseDefinition>((value) => isDefinition(value, 'warehouse'), 'is no warehouse such as duckdb(…)'),
  control: v.custom<ControlStoreDefinition>(
    (value) => isDefinition(value, 'control store'),
    'is no control store such as sqliteControl(…)',
  ),
  batches: v.exactOptional(v.picklist(['implicit', 'explicit'], "is neither 'implicit' nor 'explicit'")),
  batchDate: v.exactOptional(v.picklist(['run-day', 'previous-day'], "is neither 'run-day' nor 'previous-day'")),
  approval: v.exactOptional(v.boolean('is neither true nor false')),
  leaseTtlMs: v.exactOptional(v.pipe(milliseconds, v.minValue(1000, 'is under 1,000'))),
  parallel: v.exactOptional(count),
  retry: v.exactOptional(
    optionsSchema('the options of retry', {
      attempts: v.exactOptional(count),
      firstDelayMs: v.exactOptional(milliseconds),
      deadlineMs: v.exactOptional(milliseconds),
    }),
  ),
  schemas: v.exactOptional(optionsSchema('the names of schemas', { ...layers, audit: v.exactOptional(someText) })),
})

/** The settings of a project, with the defaults for what it leaves out. */
export function engineSettings(options: v.InferOutput<typeof projectOptions>): EngineSettings {
  return {
    project: options.name,
    timeZone: options.timeZone,
    batches: options.batches ?? 'implicit',
    batchDate: options.batchDate ?? 'run-day',
    approval: options.approval ?? false,
    leaseTtlMs: options.leaseTtlMs ?? 60_000,
    parallel: options.parallel ?? 2,
    retry: { attempts: 5, firstDelayMs: 500, deadlineMs: 300_000, ...options.retry },
    schemas: { landing: 'landing', target: 'target', mart: 'mart', audit: 'audit', ...options.schemas },
    engineVersion: packageVersion(),
  }
}

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}

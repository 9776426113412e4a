/** Events are stored once, in their core form, and shown through `v1` and `events.k8s.io/v1`. */
import { equal } from '../../../src/lib/json.ts'
import { at, type KubeObject, number, text } from '../object.ts'
import type { KindRules } from '../resource.ts'
import { type Cause, forbiddenField, invalidValue, required } from '../status.ts'

const renamed: readonly (readonly [core: string, events: string])[] = [
  ['involvedObject', 'regarding'],
  ['message', 'note'],
  ['reportingComponent', 'reportingController'],
  ['source', 'deprecatedSource'],
  ['firstTimestamp', 'deprecatedFirstTimestamp'],
  ['lastTimestamp', 'deprecatedLastTimestamp'],
  ['count', 'deprecatedCount'],
]

function rename(object: KubeObject, apiVersion: string, names: ReadonlyMap<string, string>): KubeObject {
  const out: KubeObject = { apiVersion, kind: 'Event', metadata: object.metadata }
  for (const [key, value] of Object.entries(object)) {
    if (key !== 'apiVersion' && key !== 'kind') out[names.get(key) ?? key] = value
  }
  return out
}

const toEvents = new Map(renamed)
const toCore = new Map(renamed.map(([core, events]) => [events, core]))

export const showAsEvents = (stored: KubeObject): KubeObject => rename(stored, 'events.k8s.io/v1', toEvents)
export const keepFromEvents = (shown: KubeObject): KubeObject => rename(shown, 'v1', toCore)

const mustHave = ['eventTime', 'reportingController', 'reportingInstance', 'action', 'reason'] as const
const deprecated = ['deprecatedFirstTimestamp', 'deprecatedLastTimestamp', 'deprecatedCount'] as const
/** What an update may not touch: a series grows, and nothing else. */
const fixed = ['regarding', 'note', 'reason', 'action', 'type', 'eventTime', 'reportingController'] as const
const longestNote = 1024

/** As the API server checks `events.k8s.io/v1`; core events are hardly checked. */
export const eventRules: KindRules = {
  validate: (event, _store, old) => {
    const causes: Cause[] = []
    if (old !== undefined) {
      for (const field of fixed)
        if (!equal(event[field] ?? null, old[field] ?? null))
          causes.push(invalidValue(field, event[field], 'field is immutable'))
    } else {
      for (const field of mustHave) if (text(event[field]) === '') causes.push(required(field))
      if (event.type !== 'Normal' && event.type !== 'Warning')
        causes.push(invalidValue('type', event.type, 'has invalid value: '))
      for (const field of deprecated)
        if (event[field] !== undefined && event[field] !== 0)
          causes.push(forbiddenField(field, 'needs to be unset'))
      const namespace = text(at(event.regarding, 'namespace')) || 'default'
      if (namespace !== event.metadata.namespace)
        causes.push(invalidValue('involvedObject.namespace', namespace, 'does not match event.namespace'))
    }
    if (Buffer.byteLength(text(event.note)) > longestNote)
      causes.push(invalidValue('message', '', `can have at most ${longestNote} characters`))
    if (event.series !== undefined && number(at(event.series, 'count')) < 2)
      causes.push(invalidValue('series.count', at(event.series, 'count'), 'should be at least 2'))
    return causes
  },
}

/** Events are stored once, in their core form, and shown through `v1` and `events.k8s.io/v1`. */
import type { KubeObject } from '../object.ts'

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

/** That what is secret stays where it is: no log line, metric or object of the controller tells it, neither plainly nor in base64. */
import { expect } from './check.ts'
import type { World } from './scenario.ts'

/** Where the controller writes, whatever its flags. */
export const written = [
  '/api/v1/events',
  '/apis/events.k8s.io/v1/events',
  '/api/v1/configmaps',
  '/apis/networking.k8s.io/v1/ingresses',
  '/apis/elbv2.k8s.aws/v1beta1/targetgroupbindings',
  '/apis/albatross.dev/v1alpha1/ingressgroups',
  '/apis/albatross.dev/v1alpha1/ingressreports',
]

/** A text, and the characters of its base64 that are the same wherever it stands in a longer one. */
export const formsOf = (secret: string): readonly string[] => [
  secret,
  ...[0, 1, 2].map((before) => {
    const text = Buffer.from('x'.repeat(before) + secret).toString('base64')
    return text.slice(Math.ceil((before * 8) / 6), Math.floor(((before + secret.length) * 8) / 6))
  }),
]

export async function untold(world: World, secrets: readonly string[]): Promise<string> {
  const objects = await Promise.all(written.map((path) => world.kube.list<unknown>(path)))
  const said = await world.controller.said()
  expect(said.log.includes('"msg"'), 'the controller logged nothing')
  expect(said.metrics.includes('_total'), 'the controller has no metrics')
  const places = Object.entries({ ...said, 'objects of the cluster': JSON.stringify(objects) })
  for (const form of secrets.flatMap(formsOf))
    for (const [place, text] of places) expect(!text.includes(form), `a secret stands in ${place}`)
  const kib = places.reduce((sum, [, text]) => sum + text.length, 0) / 1024
  return `${Math.round(kib)} KiB of log, metrics and objects are without it`
}

/** `npm run sandbox`: the whole system on loopback, a scenario played on it, and then yours to try until Ctrl-C. */
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { checksOn, Failed } from './scenario/check.ts'
import type { Manifest } from './scenario/manifest.ts'
import { describeRules, loadBalancers } from './scenario/look.ts'
import { login, mutualTls } from './scenario/identity.ts'
import { actions, conditions, rewrites } from './scenario/requests.ts'
import { exact, hosts, mixed, paths } from './scenario/routes.ts'
import type { Scenario } from './scenario/scenario.ts'
import { kubernetes } from './scenario/semantics.ts'
import { type Show, showOn } from './scenario/show.ts'
import { workshop } from './scenario/workshop.ts'
import { type Running, startWorld } from './scenario/world.ts'

const scenarios: readonly Scenario[] = [
  workshop,
  paths,
  hosts,
  mixed,
  exact,
  conditions,
  actions,
  rewrites,
  login,
  mutualTls,
  kubernetes,
]
const usage = `npm run sandbox -- [--scenario=${scenarios.map(({ name }) => name).join('|')}] [--once] [--json] [--list] [--kubeconfig=<path>]`

type Options = {
  readonly scenario: Scenario
  readonly once: boolean
  readonly json: boolean
  readonly kubeconfig: string | undefined
}

function readOptions(): Options | undefined {
  try {
    const { values } = parseArgs({
      options: {
        scenario: { type: 'string', default: 'workshop' },
        kubeconfig: { type: 'string' },
        once: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        list: { type: 'boolean', default: false },
      },
    })
    if (values.list) {
      const listed = scenarios.map(({ name, title }) => ({ name, title }))
      console.log(
        values.json
          ? JSON.stringify(listed)
          : listed.map(({ name, title }) => `${name.padEnd(10)} ${title}`).join('\n'),
      )
      return undefined
    }
    const scenario = scenarios.find(({ name }) => name === values.scenario)
    if (scenario === undefined) throw new Error(`no scenario named "${values.scenario}"`)
    return { scenario, once: values.once, json: values.json, kubeconfig: values.kubeconfig }
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n${usage}`)
    process.exitCode = 2
    return undefined
  }
}

async function play({ scenario, json, once, kubeconfig }: Options): Promise<void> {
  const show = showOn(process.stdout, json)
  const checks = checksOn(show)
  const startedAt = performance.now()
  show.heading(scenario.title)
  show.waiting('starting the local AWS and the local cluster')
  const world = await startWorld({ clusterName: 'workshop', region: 'eu-west-1', kubeconfig })
  const interrupted = Promise.withResolvers<void>()
  let left: readonly Manifest[] = []
  process.once('SIGINT', () => interrupted.resolve())
  process.once('SIGTERM', () => interrupted.resolve())
  try {
    left = await Promise.race([scenario.play({ world, checks, show }), interrupted.promise.then(() => [])])
  } catch (error) {
    if (!(error instanceof Failed))
      show.failed('the scenario', error instanceof Error ? (error.stack ?? error.message) : String(error))
    process.exitCode = 1
  }
  if (process.exitCode === 1) show.note(`\nthe controller's last words:\n${lastWords(world.logFile)}`)
  show.end({
    scenario: scenario.name,
    passed: checks.passed,
    failed: checks.failed,
    ms: Math.round(performance.now() - startedAt),
  })
  if (!once && left.length > 0) {
    await Promise.race([invite(world, show, left), interrupted.promise])
    await interrupted.promise
  }
  await world.stop()
}

const lastWords = (file: string): string => {
  try {
    return readFileSync(file, 'utf8').split('\n').slice(-25).join('\n')
  } catch {
    return '(none)'
  }
}

/** Puts the scenario's objects back, and says what there is to look at, and how. */
async function invite(world: Running, show: Show, objects: readonly Manifest[]): Promise<void> {
  show.waiting('bringing it up again, for you to try')
  await world.kube.apply(...objects)
  await untilServed(world)
  for (const loadBalancer of await loadBalancers(world)) {
    const name = loadBalancer.DNSName ?? ''
    const address = world.addressOf(name, 80)
    show.note(`\n${name} answers at http://${address.host}:${address.port}`)
    for (const line of await describeRules(world, loadBalancer.LoadBalancerArn ?? '')) show.note(line)
    show.note(`\n  curl -H 'Host: ${name}' http://${address.host}:${address.port}/`)
  }
  show.note(`  kubectl --kubeconfig ${world.kubeconfig} get ingress,service,pod,targetgroupbinding -A`)
  show.note(
    `  curl ${world.awsUrl}/_local/journal    # every AWS call; the controller's log: ${world.logFile}`,
  )
  show.note('\nCtrl-C ends it and leaves nothing behind.')
}

/** Until every load balancer is active and every target group in use has a healthy target; at most 20 s. */
async function untilServed(world: Running): Promise<void> {
  for (let i = 0; i < 40; i += 1) {
    await new Promise((resolve) => setTimeout(resolve, 500))
    const found = await loadBalancers(world)
    const lines = await Promise.all(found.map((one) => describeRules(world, one.LoadBalancerArn ?? '')))
    const active = found.length > 0 && found.every(({ State }) => State?.Code === 'active')
    if (
      active &&
      lines.flat().some((line) => line.endsWith(' healthy')) &&
      !lines.flat().some((line) => line.endsWith(' initial'))
    )
      return
  }
}

const options = readOptions()
if (options !== undefined) await play(options)

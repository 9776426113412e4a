/**
 * `npm run sandbox`: the whole system on loopback, a scenario played on it, and then yours to try until Ctrl-C.
 * With `--aws-endpoint` the cluster alone is local, and AWS is another emulator: what that tells is all there is to look at.
 */
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { account } from './scenario/account.ts'
import { checksOn, Failed } from './scenario/check.ts'
import type { RunningElsewhere } from './scenario/elsewhere.ts'
import { startOnEmulator } from './scenario/emulator.ts'
import { holdingsOf } from './scenario/holdings.ts'
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
  account,
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
const usage = `npm run sandbox -- [--scenario=${scenarios.map(({ name }) => name).join('|')}] [--once] [--json] [--list] [--older | --kubeconfig=<path> [--controller-kubeconfig=<path>]]
       npm run sandbox -- --aws-endpoint=<url> [--region=eu-west-1] [--vpc=<id>]    # scenario account, on another emulator`

type Options = {
  readonly scenario: Scenario
  readonly once: boolean
  readonly json: boolean
  readonly kubeconfig: string | undefined
  readonly controllerKubeconfig: string | undefined
  readonly older: boolean
  /** Of another emulator. */
  readonly endpoint: string | undefined
  readonly region: string
  readonly vpc: string | undefined
}

function readOptions(): Options | undefined {
  try {
    const { values } = parseArgs({
      options: {
        scenario: { type: 'string' },
        'aws-endpoint': { type: 'string' },
        region: { type: 'string', default: 'eu-west-1' },
        vpc: { type: 'string' },
        kubeconfig: { type: 'string' },
        'controller-kubeconfig': { type: 'string' },
        older: { type: 'boolean', default: false },
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
    const { 'aws-endpoint': endpoint, region, vpc, kubeconfig, older, once, json } = values
    const controllerKubeconfig = values['controller-kubeconfig']
    const wanted = values.scenario ?? (endpoint === undefined ? 'workshop' : account.name)
    const scenario = scenarios.find(({ name }) => name === wanted)
    if (scenario === undefined) throw new Error(`no scenario named "${wanted}"`)
    if (endpoint !== undefined && scenario !== account)
      throw new Error(
        `with --aws-endpoint only the scenario ${account.name} can be played: it needs no requests`,
      )
    if (endpoint !== undefined && !URL.canParse(endpoint))
      throw new Error(`--aws-endpoint=${endpoint}: must be a URL, such as http://127.0.0.1:4566`)
    if (endpoint === undefined && vpc !== undefined) throw new Error('--vpc needs --aws-endpoint')
    return { scenario, once, json, kubeconfig, controllerKubeconfig, older, endpoint, region, vpc }
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n${usage}`)
    process.exitCode = 2
    return undefined
  }
}

type Stopping = { readonly logFile: string; stop(): Promise<void> }
type Play<On extends Stopping> = Pick<Options, 'once' | 'json'> & {
  readonly scenario: Scenario<On>
  readonly start: () => Promise<On>
  readonly invite: (world: On, show: Show, objects: readonly Manifest[]) => Promise<void>
}

async function play<On extends Stopping>({ scenario, json, once, start, invite }: Play<On>): Promise<void> {
  const show = showOn(process.stdout, json)
  const checks = checksOn(show)
  const startedAt = performance.now()
  show.heading(scenario.title)
  show.waiting('starting')
  const world = await start()
  const interrupted = Promise.withResolvers<void>()
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => {
      checks.stop()
      interrupted.resolve()
    })
  let left: readonly Manifest[] = []
  try {
    const cutShort = interrupted.promise.then(settling)
    left = (await Promise.race([scenario.play({ world, checks, show }), cutShort])) ?? []
  } catch (error) {
    if (!checks.stopped) {
      if (!(error instanceof Failed))
        show.failed('the scenario', error instanceof Error ? (error.stack ?? error.message) : String(error))
      process.exitCode = 1
    }
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

/** Until what the scenario was about to do is over. */
const settling = (): Promise<undefined> => new Promise((resolve) => setTimeout(resolve, 1_000, undefined))

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

/** As `invite`; where nothing answers requests there is only the account to look at. */
async function inviteElsewhere(
  world: RunningElsewhere,
  show: Show,
  objects: readonly Manifest[],
): Promise<void> {
  show.waiting('bringing it up again, for you to look at')
  await world.kube.apply(...objects)
  for (let i = 0; i < 40; i += 1) {
    await new Promise((resolve) => setTimeout(resolve, 500))
    const { loadBalancers: found } = await holdingsOf(world)
    if (!found.some(({ State }) => State?.Code === 'active')) continue
    for (const { LoadBalancerArn = '', DNSName = '' } of found) {
      show.note(`\n${DNSName}`)
      for (const line of await describeRules(world, LoadBalancerArn)) show.note(line)
    }
    break
  }
  show.note(`\n  kubectl --kubeconfig ${world.kubeconfig} get ingress,service,pod,targetgroupbinding -A`)
  show.note(`  the controller's log: ${world.logFile}`)
  show.note('\nCtrl-C ends it and leaves nothing behind.')
}

const options = readOptions()
if (options !== undefined) {
  const { endpoint, kubeconfig, controllerKubeconfig, older, region, vpc, scenario } = options
  if (endpoint === undefined) {
    const start = () =>
      startWorld({ clusterName: 'workshop', region, kubeconfig, controllerKubeconfig, older })
    await play({ ...options, scenario, start, invite })
  } else {
    const start = () => startOnEmulator({ endpoint, region, vpc, kubeconfig })
    await play({ ...options, scenario: account, start, invite: inviteElsewhere }).catch((error: Error) => {
      console.error(`${endpoint}: ${error.message || error.name}`)
      process.exitCode = 1
    })
  }
}

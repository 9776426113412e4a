/**
 * A cluster of this machine on an AWS that is somewhere else: an emulator, or AWS itself. Each node and
 * pod has the address of a network interface that is made there, so that security groups and targets are as with real ones;
 * nobody answers at them.
 */
import type { EC2Client } from '@aws-sdk/client-ec2'
import type { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLoopback } from '../alb/loopback.ts'
import { timings } from '../timing.ts'
import { type Served, serveCluster, startCluster } from './cluster.ts'
import { controllerOf } from './controller.ts'
import { holdingsOf } from './holdings.ts'
import { makeNodes, type Nodes, patiently } from './interface-nodes.ts'
import type { Place } from './place.ts'
import type { Manifest } from './manifest.ts'
import type { AccountWorld } from './scenario.ts'

export type Elsewhere = {
  readonly clusterName: string
  readonly region: string
  readonly place: Place
  readonly clients: { readonly ec2: EC2Client; readonly elbv2: ElasticLoadBalancingV2Client }
  /** What the controller's process needs to reach it: `AWS_*`. */
  readonly aws: Readonly<Record<string, string>>
  readonly patienceMs: number
  /** On all that is made there, by the controller too. */
  readonly tags?: Readonly<Record<string, string>>
  /** Of a real API server, to use in place of the one in memory. */
  readonly kubeconfig?: string | undefined
}
export type RunningElsewhere = AccountWorld & {
  readonly kubeconfig: string
  readonly logFile: string
  /** Deletes what the controller made, ends it and the cluster, and removes the nodes. */
  stop(): Promise<void>
}

export async function startElsewhere(given: Elsewhere): Promise<RunningElsewhere> {
  const nodes = await makeNodes(given)
  const directory = mkdtempSync(join(tmpdir(), 'albatross-'))
  let cluster: Served | undefined
  const end = async (): Promise<void> => {
    cluster?.stop()
    await cluster?.close()
    rmSync(directory, { recursive: true, force: true })
    await nodes.remove()
  }
  try {
    cluster = await serveCluster(directory, given.kubeconfig)
    return await runOn(given, { nodes, directory, cluster, end })
  } catch (error) {
    await end()
    throw error
  }
}

type On = {
  readonly nodes: Nodes
  readonly directory: string
  readonly cluster: Served
  readonly end: () => Promise<void>
}

async function runOn(given: Elsewhere, { nodes, directory, cluster, end }: On): Promise<RunningElsewhere> {
  const { clusterName, region, place, clients, patienceMs, aws } = given
  const life = { ...nodes, network: await createLoopback(), timing: timings.sandbox }
  const running = await startCluster(cluster, life)
  const { kubeconfig } = cluster
  const logFile = join(directory, 'controller.log')
  const { vpcId } = place
  const tags = Object.entries(given.tags ?? {}).map(([key, value]) => `${key}=${value}`)
  const flags = tags.length > 0 ? [`--default-tags=${tags.join(',')}`] : []
  const controller = controllerOf({ kubeconfig, aws, clusterName, region, vpcId, logFile, flags })
  const world: AccountWorld = {
    clusterName,
    region,
    vpcId,
    nodeSecurityGroup: nodes.securityGroup,
    subnets: place.subnets.map(({ id }) => id),
    patienceMs,
    kube: running.kube,
    ...clients,
    controller,
  }
  const stop = async (): Promise<void> => {
    try {
      await deleteAll(world)
    } finally {
      await controller.stop()
      await running.stop()
      await end()
    }
  }
  return { ...world, kubeconfig, logFile, stop }
}

/** It is not ours to leave anything in; a scenario that was cut short leaves Ingresses. */
async function deleteAll(world: AccountWorld): Promise<void> {
  const { kube, controller, patienceMs } = world
  const ingresses = await kube.list<Manifest>('/apis/networking.k8s.io/v1/ingresses')
  const left = async (): Promise<number> => {
    const { loadBalancers, targetGroups, securityGroups } = await holdingsOf(world)
    return loadBalancers.length + targetGroups.length + securityGroups.length
  }
  if (ingresses.length === 0 && (await left()) === 0) return
  // It may be between two lives.
  await controller.kill()
  await controller.start()
  await kube.remove(...ingresses.map(({ metadata }) => ({ kind: 'Ingress', metadata })))
  await patiently(async () => {
    const many = await left()
    if (many > 0) throw new Error(`${many} load balancers, target groups and security groups are left`)
  }, patienceMs)
}

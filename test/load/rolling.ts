/** Pods with readiness gates are rolled and scaled under load, with the sleep that the controller asks for. */
import { type Figures, play } from './play.ts'

/** 30 pods get another template, as Deployments do it by default. */
export const rolled = (): Promise<Figures> =>
  play(async ({ open, needed, bring, load, calls, figures }) => {
    await open('web')
    const preStop = await needed('web')
    const web = { replicas: 30, preStop, exits: true }
    await bring('web', { ...web, version: 'one' }, 'gated')
    await load('web')
    const before = calls('RegisterTargets') + calls('DeregisterTargets')
    const at = performance.now()
    await bring('web', { ...web, version: 'two' }, 'gated')
    const took = ((performance.now() - at) / 1000).toFixed(0)
    const writes = calls('RegisterTargets') + calls('DeregisterTargets') - before
    return await figures(
      `30 pods rolled with gates, preStop ${preStop} s`,
      `rolled in ${took} s, ${writes} calls that register or deregister`,
    )
  })

export const scaled = (): Promise<Figures> =>
  play(async ({ open, needed, bring, load, calls, figures }) => {
    await open('web')
    const preStop = await needed('web')
    const web = { version: 'one', preStop, exits: true }
    await bring('web', { ...web, replicas: 3 }, 'gated')
    await load('web')
    const before = calls('RegisterTargets') + calls('DeregisterTargets')
    await bring('web', { ...web, replicas: 50 }, 'gated')
    await bring('web', { ...web, replicas: 3 }, 'gated')
    const writes = calls('RegisterTargets') + calls('DeregisterTargets') - before
    return await figures(
      `scaled 3 -> 50 -> 3, preStop ${preStop} s`,
      `${writes} calls that register or deregister`,
    )
  })

/** Certificates that ACM is asked for, tried on a simulated account: issued once somebody waits for them. */
import { type Arm, changed, created, drop, refuse } from './sim.ts'

export const requestCertificate: Arm<'RequestCertificate'> = (sim, { ref, hosts: names, tags }) =>
  created(sim, 'certificate', ref, (arn) => ({
    certificates: [
      ...(sim.actual.certificates ?? []),
      { arn, status: 'PENDING_VALIDATION', names, tags, createdAt: sim.now },
    ],
  }))

export const deleteCertificate: Arm<'DeleteCertificate'> = (sim, { certificate }) => {
  if (sim.actual.listeners.some(({ certificates }) => certificates.includes(certificate)))
    refuse('ResourceInUse')
  return changed(sim, {
    certificates: drop(sim.actual.certificates ?? [], ({ arn }) => arn === certificate),
  })
}

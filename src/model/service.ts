/** Services: finding the port that a backend refers to. */
import type { Service, ServicePort } from './cluster.ts'

/** A number means the port, a text its name; the first that matches. */
export const findPort = (service: Service, port: number | string): ServicePort | undefined =>
  service.spec.ports?.find((candidate) =>
    typeof port === 'number' ? candidate.port === port : candidate.name === port,
  )

// LocalStack, or what else answers at its endpoint: a server that runs already.
import { openDefaultVpc } from '../../../localstack/scenario/place.ts'
import { clientsOf, type Provider } from '../provider.ts'

const region = 'eu-west-1'

export async function localstack(endpoint: string): Promise<Provider> {
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' }
  const clients = clientsOf({ region, endpoint, credentials, maxAttempts: 2 })
  await openDefaultVpc(clients.ec2)
  return {
    name: 'LocalStack',
    region,
    patienceMs: 30_000,
    clients,
    aws: {
      AWS_ENDPOINT_URL: endpoint,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    },
    stop: async () => undefined,
  }
}

// LocalStack, where `npm run test:contract` has found a token and an endpoint.
import { describe } from 'node:test'
import { localstackDeviations } from './deviation/localstack.ts'
import { localstack } from './provider/localstack.ts'
import { checksOf } from './suite.ts'

const { LOCALSTACK_AUTH_TOKEN: token, LOCALSTACK_ENDPOINT: endpoint } = process.env
if (!token || !endpoint) describe.skip('LocalStack: it needs a token and an endpoint')
else checksOf('LocalStack', () => localstack(endpoint), { deviations: localstackDeviations })

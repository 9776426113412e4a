// Bodies as `kubectl create` 1.36 sends them: protobuf, recorded from the program.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromProtobuf, isProtobuf } from '../../../localstack/kube/protobuf.ts'
import { createApiServer } from '../../../localstack/kube/server.ts'

const bytes = (recorded: string): Uint8Array => Buffer.from(recorded, 'base64')

const secret = bytes('azhzAAoMCgJ2MRIGU2VjcmV0Eh0KEQoBcxIAGgAiACoAMgA4AEIAEgYKAWsSAXYaABoAIgA=')
const deployment = bytes(
  'azhzAAoVCgdhcHBzL3YxEgpEZXBsb3ltZW50EroBCh8KA3dlYhIAGgAiACoAMgA4AEIAWgoKA2FwcBIDd2ViEogBCAASDAoKCgNhcHASA3dlYhpuChwKABIAGgAiACoAMgA4AEIAWgoKA2FwcBIDd2ViEk4SMAoFbmdpbngSB25naW54OjEqADIKCgAQABhQIgAqAEIAagByAIABAIgBAJABAKIBABoAMgBCAEoAUgBYAGAAaACCAQCKAQCaAQDCAQAiAgoAKAA4ABoMCAAQABgAIAAoADgAGgAiAA==',
)
const ingress = bytes(
  'azhzAAofChRuZXR3b3JraW5nLms4cy5pby92MRIHSW5ncmVzcxJSCh0KA3dlYhIAGgAiACoAMgA4AEIAYggKA2EvYhIBYxItGiIKABIeChwKGgoBLxINIgsKA3dlYhIECgAQUBoGUHJlZml4Igdhd3MtYWxiGgIKABoAIgA=',
)

test('a Secret, with bytes in a map', () => {
  assert.deepEqual(fromProtobuf(secret), {
    metadata: { name: 's' },
    data: { k: 'dg==' },
    apiVersion: 'v1',
    kind: 'Secret',
  })
})

test('a Deployment, whose zero replicas mean zero', () => {
  const { metadata, spec } = fromProtobuf(deployment)
  assert.deepEqual(metadata, { name: 'web', labels: { app: 'web' } })
  assert.deepEqual(spec, {
    replicas: 0,
    selector: { matchLabels: { app: 'web' } },
    strategy: {},
    template: {
      metadata: { labels: { app: 'web' } },
      spec: {
        containers: [{ name: 'nginx', image: 'nginx:1', ports: [{ containerPort: 80 }], resources: {} }],
      },
    },
  })
})

test('an Ingress is created from it, through the server', async () => {
  const server = createApiServer()
  const response = await server.handle({
    method: 'POST',
    path: '/apis/networking.k8s.io/v1/namespaces/default/ingresses?fieldValidation=Strict',
    headers: { 'content-type': 'application/vnd.kubernetes.protobuf' },
    body: ingress,
  })
  server.stop()
  assert.equal(response.status, 201)
  assert.deepEqual(JSON.parse(response.body as string).spec, {
    ingressClassName: 'aws-alb',
    rules: [
      {
        http: {
          paths: [
            { path: '/', pathType: 'Prefix', backend: { service: { name: 'web', port: { number: 80 } } } },
          ],
        },
      },
    ],
  })
})

test('what is cut short or of an unknown kind is refused', () => {
  assert.equal(isProtobuf(Buffer.from('{"kind":"Secret"}')), false)
  assert.throws(() => fromProtobuf(secret.subarray(0, secret.length - 6)), /unexpected EOF/)
  const unknown = Buffer.from(secret)
  unknown.write('Sexret', secret.indexOf('Secret'.charCodeAt(0)))
  assert.throws(() => fromProtobuf(unknown), /no kind "Sexret" is registered/)
})

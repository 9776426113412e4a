// moto's server as a child process: on a free port, gone with the test however that ends.
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { openDefaultVpc } from '../../../localstack/scenario/place.ts'
import { clientsOf, type Provider } from '../provider.ts'

const region = 'eu-west-1'
/** Ends when its standard input does, which happens even when the test is killed. */
const program = `
import os, sys, threading
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
from moto.server import main
main(["--host", "127.0.0.1", "--port", "0"])
`

/** `python`: the interpreter that has moto. */
export async function moto(python: string): Promise<Provider> {
  const child = spawn(python, ['-c', program], {
    stdio: ['pipe', 'ignore', 'pipe'],
    env: { ...process.env, MOTO_EC2_LOAD_DEFAULT_AMIS: 'false' },
  })
  const ended = new Promise<void>((resolve) => child.on('exit', () => resolve()))
  const endpoint = await new Promise<string>((resolve, reject) => {
    const said: string[] = []
    child.on('error', reject)
    child.on('exit', (code) => reject(new Error(`moto ended with ${code}: ${said.join('\n')}`)))
    createInterface({ input: child.stderr }).on('line', (line) => {
      said.push(line)
      const [url] = /http:\/\/127\.0\.0\.1:\d+/.exec(line) ?? []
      if (url !== undefined) resolve(url)
    })
  })
  const credentials = { accessKeyId: 'contract', secretAccessKey: 'local' }
  const clients = clientsOf({ region, endpoint, credentials, maxAttempts: 1 })
  await openDefaultVpc(clients.ec2)
  return {
    name: 'moto',
    region,
    patienceMs: 1_000,
    clients,
    aws: {
      AWS_ENDPOINT_URL: endpoint,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    },
    stop: async () => {
      child.stdin.end()
      await ended
    },
  }
}

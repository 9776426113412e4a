/**
 * Probes: facts that the local AWS holds on recollection alone, asked of the AWS at hand. Nobody has shown that AWS does so;
 * a run against AWS tells what it does, and the local AWS follows.
 */
import { type Bench, type Check, check } from '../bench.ts'

/** What was found is not what is expected. */
export class Finding extends Error {
  readonly found: string
  constructor(found: string, expected: string) {
    super(`found: ${found}; expected: ${expected}`)
    this.found = found
  }
}

/** Makes what it takes, once, and answers with the way to look, which is gone again and again until it is as expected. */
type Ask = (bench: Bench) => Promise<() => Promise<string>>

/** `fact` is a sentence; `expected` what the local AWS is built to. */
export const probe = (id: string, fact: string, expected: string, ask: Ask): Check => ({
  ...check(`fact/${id}`, fact, async (bench) => {
    const look = await ask(bench)
    await bench.eventually(async () => {
      const found = await look()
      if (found !== expected) throw new Finding(found, expected)
    }, bench.patienceMs / 5)
  }),
  expected,
})

/** What is known by recollection, and no probe can ask: with what would be needed, and where the local AWS's own is tested. */
export const unasked: readonly { readonly fact: string; readonly needs: string }[] = [
  {
    fact: 'An instance that is terminated becomes Target.InvalidState, and is deregistered some time later.',
    needs: 'an instance to terminate: the run starts none',
  },
  {
    fact: 'A target group whose targets are all unhealthy still gets its share by weight.',
    needs: 'a target that answers inside of the VPC',
  },
  {
    fact: 'In a rewrite `$$` is a dollar sign, and a group that took no part is empty.',
    needs: 'a target that tells what it was asked',
  },
  {
    fact: 'Targets behind a login get x-amzn-oidc-identity, -accesstoken and -data.',
    needs: 'an identity provider that AWS reaches, and a target',
  },
  {
    fact: 'Keys of a JWKS endpoint count for a while after they were fetched; any of the wanted values of a claim is enough.',
    needs: 'an endpoint with keys that AWS reaches',
  },
  {
    fact: 'The connections of a listener end with it.',
    needs: 'a target whose answer takes longer than the deletion',
  },
]

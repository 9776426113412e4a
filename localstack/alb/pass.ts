/** Whether a gate lets a request through, and what the target then learns of its client. */
import { answerError } from './answer.ts'
import type { Exchange } from './exchange.ts'
import type { Gate } from './gate.ts'
import type { Headers } from './header.ts'
import { refusalOfToken } from './jwt.ts'
import { identityOf, sendToProvider } from './session.ts'

/** Undefined when the client has its answer already. */
export async function pass(gate: Gate, exchange: Exchange): Promise<Headers | undefined> {
  const { response, listener, headers } = exchange
  if (gate.type === 'jwt') {
    const refusal = await refusalOfToken(gate, headers, Date.now())
    if (refusal === undefined) return []
    answerError(response, listener.attributes, refusal)
    return undefined
  }
  const identity = identityOf(gate, exchange)
  if (identity || gate.otherwise === 'allow') return identity ?? []
  if (gate.otherwise === 'deny') answerError(response, listener.attributes, 401)
  else sendToProvider(gate, exchange)
  return undefined
}

/** Health without a data plane: a registered target of a group in use is healthy after `firstHealthCheckMs`. */
import type { Account } from '../account.ts'

const off = new WeakSet<Account>()

/** On by default; a data plane that judges the targets of the account switches it off. */
export function automaticHealth(account: Account, on: boolean): void {
  if (on) off.delete(account)
  else off.add(account)
}
export function healthIsAutomatic(account: Account): boolean {
  return !off.has(account)
}

/** The refusals that several actions share. */
import { Fault } from '../service.ts'

export function refuse(code: string, message: string): never {
  throw new Fault(code, message)
}
export function invalid(message: string): never {
  throw new Fault('ValidationError', message)
}

/** As the service frame words a member that is outside its model's constraint. */
export function constraint(member: string, value: unknown, rule: string): never {
  invalid(
    `1 validation error detected: Value '${String(value)}' at '${member}' failed to satisfy constraint: Member must ${rule}`,
  )
}
export function between(member: string, value: number | undefined, min: number, max: number): void {
  if (value === undefined) return
  if (!Number.isInteger(value) || value < min)
    constraint(member, value, `have value greater than or equal to ${min}`)
  if (value > max) constraint(member, value, `have value less than or equal to ${max}`)
}
export function among(member: string, value: string | undefined, allowed: readonly string[]): void {
  if (value !== undefined && !allowed.includes(value))
    constraint(member, value, `satisfy enum value set: [${allowed.join(', ')}]`)
}
export function length(member: string, value: string | undefined, min: number, max: number): void {
  if (value === undefined) return
  if (value.length < min) constraint(member, value, `have length greater than or equal to ${min}`)
  if (value.length > max) constraint(member, value, `have length less than or equal to ${max}`)
}
export function notEmpty(member: string, list: readonly unknown[] | undefined): void {
  if (list?.length === 0) constraint(member, '[]', 'have length greater than or equal to 1')
}

/** Pieces that several of our kinds share, and what turns their schemas into types. */
import { z } from 'zod'

export type DeepReadonly<T> = T extends readonly (infer Item)[]
  ? readonly DeepReadonly<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> }
    : T

/** An optional field whose type has no undefined in it, as JSON has none. */
export const maybe = <S extends z.ZodType>(schema: S): z.ZodExactOptional<S> => z.exactOptional(schema)

/** A CEL rule that the API server checks; message for who broke it. */
export type CelRule = { readonly rule: string; readonly message: string }
export const withRules = <S extends z.ZodType>(schema: S, rules: readonly CelRule[]): S =>
  schema.meta({ ...schema.meta(), 'x-kubernetes-validations': rules })

export const intOrString = (): z.ZodUnion<readonly [z.ZodInt, z.ZodString]> =>
  z.union([z.int(), z.string()]).meta({ 'x-kubernetes-int-or-string': true })
export const int64 = (): z.ZodInt => z.int().meta({ format: 'int64' })

export const keyValue = z.object({ key: z.string(), value: z.string() })

export const labelSelector = z
  .object({
    matchLabels: maybe(z.record(z.string(), z.string())),
    matchExpressions: maybe(
      z.array(z.object({ key: z.string(), operator: z.string(), values: maybe(z.array(z.string())) })),
    ),
  })
  .meta({ 'x-kubernetes-map-type': 'atomic' })

/** As metav1.Condition. */
export const condition = z.object({
  type: z.string().max(316),
  status: z.enum(['True', 'False', 'Unknown']),
  observedGeneration: maybe(int64().min(0)),
  lastTransitionTime: z.string().meta({ format: 'date-time' }),
  reason: z.string().min(1).max(1024),
  message: z.string().max(32768),
})
export const conditions = z
  .array(condition)
  .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['type'] })

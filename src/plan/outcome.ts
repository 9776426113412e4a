/** What became of each step: types only. */
import type { AwsError } from '../model/aws-error.ts'
import type { Step } from './step.ts'

export type StepResult =
  | { readonly step: Step; readonly result: 'done' }
  | { readonly step: Step; readonly result: 'failed'; readonly error: AwsError }
  /** A step it comes after failed, or it can't be resolved yet. */
  | { readonly step: Step; readonly result: 'skipped' }

export type Outcome = { readonly results: readonly StepResult[] }

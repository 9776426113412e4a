/** What a pass says to the queue: defined where the queue is, because watch may not import reconcile. */
export type { Verdict } from '../watch/verdict.ts'

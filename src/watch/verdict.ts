/** What a pass says to the queue: requeue is a returned value, never an exception. */
export type Verdict =
  | { readonly verdict: 'settled' }
  /** Look again after this many milliseconds. */
  | { readonly verdict: 'again'; readonly afterMs: number; readonly why: string }
  /** Nothing to do until an object or AWS changes; a slow look all the same. */
  | { readonly verdict: 'blocked'; readonly why: string }

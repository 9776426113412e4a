/** Check id -> why this one is not as AWS is there. */
export type Deviations = Readonly<Record<string, string>>

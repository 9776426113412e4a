/** New ids as AWS shapes them, from `Math.random`, which a simulation seeds. */
import type { Ids } from './service.ts'

function draw(length: number, alphabet: string): string {
  return Array.from({ length }, () => alphabet[Math.floor(Math.random() * alphabet.length)]).join('')
}

export function uuid(ids: Ids, kind: string): string {
  const hex = ids.hex(kind, 32)
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}

export const randomIds: Ids = {
  // EC2's 17-digit ids of today all begin with 0.
  hex: (_kind, length) =>
    length === 17 ? `0${draw(16, '0123456789abcdef')}` : draw(length, '0123456789abcdef'),
  digits: () => draw(1, '123456789') + draw(9, '0123456789'),
}

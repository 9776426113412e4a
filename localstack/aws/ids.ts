/** New ids as AWS shapes them, from `Math.random`, which a simulation seeds. */
import type { Ids } from './service.ts'

function draw(length: number, alphabet: string): string {
  return Array.from({ length }, () => alphabet[Math.floor(Math.random() * alphabet.length)]).join('')
}

export const randomIds: Ids = {
  // EC2's 17-digit ids of today all begin with 0.
  hex: (_kind, length) =>
    length === 17 ? `0${draw(16, '0123456789abcdef')}` : draw(length, '0123456789abcdef'),
  digits: () => draw(1, '123456789') + draw(9, '0123456789'),
}

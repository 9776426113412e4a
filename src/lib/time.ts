/** RFC 3339 times to epoch milliseconds and back, without a clock. */

/** Undefined where it is none. Leap seconds are not times here. */
export function parseTime(text: string): number | undefined {
  const found =
    /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:[Zz]|([+-])(\d\d):(\d\d))$/.exec(text)
  if (!found) return undefined
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = found.slice(1, 7).map(Number)
  const [hours = 0, minutes = 0] = found.slice(9, 11).map((part) => Number(part ?? 0))
  const fits = [
    month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month),
    [hour, hours].every((one) => one <= 23),
    [minute, second, minutes].every((one) => one <= 59),
  ]
  if (fits.includes(false)) return undefined
  const offset = (found[8] === '-' ? -1 : 1) * (hours * 60 + minutes)
  const thousandths = Math.floor(Number(`0.${found[7] ?? 0}`) * 1000)
  return (
    ((daysTo(year, month, day) * 24 + hour) * 60 + minute - offset) * 60_000 + second * 1000 + thousandths
  )
}

/** In UTC, to the second. */
export function formatTime(ms: number): string {
  const seconds = Math.floor(ms / 1000)
  const days = Math.floor(seconds / 86_400)
  const left = seconds - days * 86_400
  const [year, month, day] = dateOf(days)
  const two = (value: number): string => String(value).padStart(2, '0')
  const time = [Math.floor(left / 3600), Math.floor(left / 60) % 60, left % 60].map(two).join(':')
  return `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}T${time}Z`
}

const isLeap = (year: number): boolean => (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0
const daysIn = (year: number, month: number): number =>
  month === 2 ? (isLeap(year) ? 29 : 28) : [4, 6, 9, 11].includes(month) ? 30 : 31

/** Days since 1970-01-01; years begin in March, so that the leap day is their last. */
function daysTo(year: number, month: number, day: number): number {
  const from = month > 2 ? year : year - 1
  const era = Math.floor(from / 400)
  const inEra = from - era * 400
  const ofYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1
  return era * 146_097 + inEra * 365 + Math.floor(inEra / 4) - Math.floor(inEra / 100) + ofYear - 719_468
}

function dateOf(days: number): readonly [year: number, month: number, day: number] {
  const shifted = days + 719_468
  const era = Math.floor(shifted / 146_097)
  const ofEra = shifted - era * 146_097
  const inEra = Math.floor(
    (ofEra - Math.floor(ofEra / 1460) + Math.floor(ofEra / 36_524) - Math.floor(ofEra / 146_096)) / 365,
  )
  const ofYear = ofEra - (365 * inEra + Math.floor(inEra / 4) - Math.floor(inEra / 100))
  const shiftedMonth = Math.floor((5 * ofYear + 2) / 153)
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
  const day = ofYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1
  return [era * 400 + inEra + (month <= 2 ? 1 : 0), month, day]
}

/** Which values each kind of condition may hold. */
import { isIP } from 'node:net'
import { checkRegex } from './pattern.ts'
import { between, invalid } from './refuse.ts'

export const fields = [
  'host-header',
  'path-pattern',
  'http-header',
  'http-request-method',
  'query-string',
  'source-ip',
] as const
export type ConditionField = (typeof fields)[number]
export type ConditionValue =
  | string
  | { readonly Key?: string | undefined; readonly Value?: string | undefined }
/** What the configs of all fields have in common. */
export type ConditionConfig = {
  readonly Values?: readonly ConditionValue[] | undefined
  readonly RegexValues?: readonly string[] | undefined
  readonly HttpHeaderName?: string | undefined
}

const maxValue = 128
const maxName = 40
const patterns: Readonly<Record<Exclude<ConditionField, 'query-string' | 'source-ip'>, RegExp>> = {
  'host-header': /^[A-Za-z0-9.*?-]+$/,
  'path-pattern': /^[A-Za-z0-9_.$/~"'@:+&*?-]+$/,
  'http-header': /^[\x20-\x7e]+$/,
  'http-request-method': /^[A-Z_-]{1,40}$/,
}
const headerName = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/

export function checkValues(field: ConditionField, config: ConditionConfig): void {
  const { Values: values = [], RegexValues: regexes = [] } = config
  if (values.length > 0 === regexes.length > 0)
    invalid(`A '${field}' condition must have exactly one of values and regex values`)
  if (field === 'http-header') checkHeaderName(config.HttpHeaderName)
  for (const regex of regexes) checkRegex(`'${field}' condition`, regex, maxValue)
  for (const value of values) {
    if (typeof value === 'string') checkText(field, value)
    else checkQuery(value)
  }
}

function checkHeaderName(name = ''): void {
  between('httpHeaderName', name.length, 1, maxName)
  if (!headerName.test(name)) invalid(`The HTTP header name '${name}' is not valid`)
  if (name.toLowerCase() === 'host') invalid("Use a 'host-header' condition for the host header")
}

function checkText(field: ConditionField, value: string): void {
  if (value.length < 1 || value.length > maxValue)
    invalid(`Condition value '${value}' must be between '1' and '${maxValue}' characters`)
  if (field === 'query-string') invalid('Query string values must be key and value pairs')
  if (field === 'source-ip') return checkCidr(value)
  if (!patterns[field].test(value))
    invalid(`Condition value '${value}' contains a character that is not valid`)
  if (field === 'host-header' && !/\.[A-Za-z]+$/.test(value))
    invalid(`Condition value '${value}' must have a '.', and only letters after the last one`)
}

function checkQuery({ Key, Value }: Exclude<ConditionValue, string>): void {
  if (!Value) invalid('A query string condition must have a value')
  for (const text of [Key ?? '', Value])
    if (text.length > maxValue || !/^[\x20-\x7e]*$/.test(text))
      invalid(`Condition value '${text}' must be at most '${maxValue}' printable characters`)
}

function checkCidr(value: string): void {
  const [address = '', bits = ''] = value.split('/')
  const version = isIP(address)
  const max = version === 6 ? 128 : 32
  if (version === 0 || !/^\d{1,3}$/.test(bits) || Number(bits) > max)
    invalid(`Condition value '${value}' must be a CIDR block`)
  if (value === '255.255.255.255/32') invalid(`Condition value '${value}' is not allowed`)
}

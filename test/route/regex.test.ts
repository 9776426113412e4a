import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { compileRegex } from '../../src/route/regex.ts'

const patterns = [
  'a',
  '^a$',
  'a|b|cd',
  '(a+)(b*)c?',
  '(?:ab)+',
  'a{2,3}',
  'a{2}',
  'a{2,}',
  'a+?b',
  '(a|ab)(c|bcd)(d*)',
  '^/v[0-9]+/(.*)$',
  '[^/]+$',
  '\\d{3}-\\w+',
  '\\bfoo\\b',
  '\\Bo',
  '(x)?(y)?z',
  '^(.*)\\.(com|net)$',
  '[a-c\\-.]+',
  '(a*)*b',
  '(a*)+',
  '(|a)b',
  '.*?c',
  '[]a]',
  '',
]
const texts = [
  '',
  'a',
  'b',
  'ab',
  'abcd',
  'aab',
  'aaab',
  'abab',
  '/v12/x/y',
  '123-abc',
  'foo bar',
  'fooo',
  'xz',
  'a.b.com',
  'a-b.c',
  'z',
  ']',
]

describe('a regular expression', () => {
  it('finds what the built-in engine finds, groups too', () => {
    for (const pattern of patterns) {
      const compiled = compileRegex(pattern)
      assert.ok(compiled.ok, pattern)
      // The built-in engine reads `[]a]` and repeated empty groups its own way; there only the whole match is compared.
      const own = pattern === '[]a]' ? /[\]a]/d : new RegExp(pattern, 'd')
      const wholeOnly = pattern.includes('*)')
      for (const text of texts) {
        const expected = own.exec(text)?.indices?.flatMap((pair) => pair ?? [-1, -1])
        const found = compiled.value.exec(text)
        if (wholeOnly) assert.deepEqual(found?.slice(0, 2), expected?.slice(0, 2), `${pattern} on ${text}`)
        else assert.deepEqual(found, expected, `${pattern} on ${text}`)
      }
    }
  })
  it('heeds case unless told otherwise', () => {
    const at = (source: string, fold: boolean, text: string): boolean => {
      const compiled = compileRegex(source, fold)
      assert.ok(compiled.ok)
      return compiled.value.exec(text) !== undefined
    }
    assert.equal(at('ABC', false, 'abc'), false)
    assert.equal(at('ABC', true, 'abc'), true)
    assert.equal(at('[a-c]+$', true, 'ABC'), true)
    assert.equal(at('(?i)abc', false, 'ABC'), true)
    assert.equal(at('(?i:a)b', false, 'AB'), false)
    assert.equal(at('[[:alpha:]]{3}', false, 'a1b2c'), false)
  })
  for (const refused of [
    '(?=a)',
    '(?!a)',
    '(?<=a)',
    '(a)\\1',
    '(?>a)',
    'a++',
    'a*+',
    '\\p{L}',
    '(',
    'a)',
    '[a',
    '*a',
    'a{3,2}',
    'a{1001}',
    '\\',
    '[b-a]',
    '(?R)',
    '((a{900}){900}){900}',
    '\\q',
  ])
    it(`refuses ${refused}`, () => assert.equal(compileRegex(refused).ok, false))
  it('takes no exponential time', () => {
    const begun = performance.now()
    for (const source of ['^(a+)+$', '^(a|aa)+$', '^(.*a){12}$', '(?:(?:(?:){1000}){1000}){1000}b']) {
      const compiled = compileRegex(source)
      assert.ok(compiled.ok)
      compiled.value.exec(`${'a'.repeat(500)}!`)
    }
    assert.ok(performance.now() - begun < 1500)
  })
})

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { printable } from './output.ts'

describe('printable', () => {
  test.each([
    ['plain text', 'plain text'],
    ['', ''],
    ['ñandú 👍 字', 'ñandú 👍 字'],
    ['two\nlines', 'two lines'],
    ['\u001b[2Jgone', '\uFFFD[2Jgone'],
    ['\u001b]0;title\u0007', '\uFFFD]0;title\uFFFD'],
    ['\u009b31m', '\uFFFD31m'],
    ['a\rb\tc\u0000d\u007f', 'a\uFFFDb\uFFFDc\uFFFDd\uFFFD'],
  ])('%j', (text, shown) => {
    expect(printable(text)).toBe(shown)
  })

  test('no text keeps a control character, and all others stay', () => {
    const texts = fc.string({
      unit: fc.oneof(
        fc.integer({ min: 0, max: 0x9f }).map((code) => String.fromCodePoint(code)),
        fc.string(),
      ),
    })
    fc.assert(
      fc.property(texts, (text) => {
        const shown = printable(text)
        expect(shown).toHaveLength(text.length)
        for (let at = 0; at < text.length; at++) {
          const code = text.charCodeAt(at)
          const isControl = code < 0x20 || (code >= 0x7f && code < 0xa0)
          if (isControl) expect(['\uFFFD', ' ']).toContain(shown[at])
          else expect(shown[at]).toBe(text[at])
        }
      }),
    )
  })
})

import { describe, expect, it } from 'vitest';
import { asOneLine, lookAtPaste, shownText, withoutControls } from './paste-text.ts';

describe('a paste', () => {
  it('of a word or a line is asked about by nobody', () => {
    expect([lookAtPaste('uname -a').reasons, lookAtPaste('\tindented').reasons, lookAtPaste('').reasons, lookAtPaste('größe 🐦').reasons]).toEqual([[], [], [], []]);
  });

  it('that ends with a line end would run at once, so it is asked about', () => {
    expect([lookAtPaste('reboot\n'), lookAtPaste('reboot\r')].map(({ lines, reasons }) => [lines, reasons])).toEqual([[1, ['lines']], [1, ['lines']]]);
  });

  it('counts lines whatever ends them, and no line after the last end', () => {
    expect(['a\nb', 'a\r\nb\r\n', 'a\rb\n\nc'].map((text) => lookAtPaste(text).lines)).toEqual([2, 2, 4]);
  });

  it('names the control characters in it once each', () => {
    expect(lookAtPaste('\u001b[201~x\u0003\u001b\u0000\u0013\u009b').controls).toEqual(['Escape', 'Ctrl+C', 'NUL', 'Ctrl+S', 'U+009B']);
  });

  it('of much text is large even on one line', () => {
    expect(lookAtPaste('x'.repeat(5_001)).reasons).toEqual(['large']);
  });

  it('becomes one line without the indents of the others', () => {
    expect([asOneLine('make \\\n    all\r\n\n'), asOneLine('one'), asOneLine('a \r\n\n\tb\rc\n')]).toEqual(['make \\ all', 'one', 'a b c']);
  });

  it('loses its control characters but no tab and no line end', () => {
    expect(withoutControls('a\u001b[31m\tb\u0007\n')).toBe('a[31m\tb\n');
  });

  it('is shown with pictures for what cannot be seen, and cut where it is long', () => {
    expect(shownText('a\u001bb\r\nc\u007f')).toEqual({ text: 'a␛b\nc␡', left: 0 });
    expect(shownText('x'.repeat(20_010)).left).toBe(10);
  });
});

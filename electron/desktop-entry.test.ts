import { expect, test } from 'vitest';
import { desktopEntry } from './desktop-entry.ts';

const exec = (program: string, args: string[], environment: Record<string, string> = {}): string | undefined => desktopEntry({ program, args, environment }).split('\n').find((line) => line.startsWith('Exec='));

test('plain words stand as they are, with the environment before them', () => {
  expect(exec('/opt/vireo/vireo', ['--host', '--home=/home/ann/.local/state/vireo'])).toBe('Exec=/opt/vireo/vireo --host --home=/home/ann/.local/state/vireo');
  expect(exec('/e', ['x.cjs'], { ELECTRON_RUN_AS_NODE: '1' })).toBe('Exec=env ELECTRON_RUN_AS_NODE=1 /e x.cjs');
});

test.each([
  ['/my home/vireo', '"/my home/vireo"'],
  ['/100%', '"/100%%"'],
  ['/a"b', '"/a\\\\"b"'],
  ['/a$b', '"/a\\\\$b"'],
  ['/a\\b', '"/a\\\\\\\\b"'],
])('%s is quoted', (word, text) => {
  expect(exec(word, [])).toBe(`Exec=${text}`);
});

test('a line break begins no line of its own', () => {
  expect(() => desktopEntry({ program: '/a\nHidden=true', args: [], environment: {} })).toThrow('line break');
});

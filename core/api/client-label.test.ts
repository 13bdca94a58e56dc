import { expect, test } from 'vitest';
import { clientLabel } from './client-label.ts';

test('what a client says of itself is one line that shows nothing but itself', () => {
  expect(clientLabel(' vireo console (ann on pts/3, pid 4411)\n')).toBe('vireo console (ann on pts/3, pid 4411)');
  expect(clientLabel('window\u001b[2J 1\r\n\t#2')).toBe('window [2J 1 #2');
  expect(clientLabel('a\u202e)1 dip( b\u200d')).toBe('a\ufffd)1 dip( b\ufffd');
  expect(clientLabel('half \ud83d')).toBe('half \ufffd');
});

test('it is cut where nobody reads on, between two characters', () => {
  const cut = clientLabel('💻'.repeat(200));
  expect(Array.from(cut)).toHaveLength(120);
  expect(cut.isWellFormed()).toBe(true);
  expect(cut.endsWith('💻…')).toBe(true);
});

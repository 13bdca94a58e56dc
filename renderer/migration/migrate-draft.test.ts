import { expect, test } from 'vitest';
import { migrationOptionsSchema } from '../../core/migration/migration-options.ts';
import { checkMigrationOptions } from '../../core/migration/qemu/option-rules.ts';
import { type MigrateDraft, newDraft, optionsOf, placeOf, uriOf } from './migrate-draft.ts';

const running = { persistent: true, id: 3 };
const draft = (changes: Partial<MigrateDraft> = {}): MigrateDraft => ({ ...newDraft(running, null), ...changes });

test.each([
  [{ place: 'ssh', host: 'ann@rack-2', folder: '' }, 'vireo+ssh://ann@rack-2'],
  [{ place: 'ssh', host: ' rack-2:2222 ', folder: '/srv/vireo state' }, 'vireo+ssh://rack-2:2222/srv/vireo%20state'],
  [{ place: 'unix', host: '', folder: '/home/ann/100%' }, 'vireo+unix:///home/ann/100%25'],
  [{ place: 'ssh', host: 'vireo+unix:///home/ann/b', folder: '' }, 'vireo+unix:///home/ann/b'],
] as const)('%o is %s, and the other way round', (place, uri) => {
  expect(uriOf(place)).toBe(uri);
  expect(uriOf(placeOf(uri))).toBe(uri);
});

test.each([
  { place: 'ssh', host: '', folder: '' }, { place: 'ssh', host: 'two words', folder: '' }, { place: 'ssh', host: 'rack-2', folder: 'relative' }, { place: 'unix', host: '', folder: '' }, { place: 'unix', host: '', folder: '~/b' },
] as const)('%o is no host yet', (place) => expect(uriOf(place)).toBeNull());

test('a domain that is kept here is kept there and gone here, one that does not run moves as its definition', () => {
  expect(optionsOf(draft())).toMatchObject({ live: true, persistDestination: true, undefineSource: true, copyStorage: 'none' });
  expect(optionsOf(newDraft({ persistent: false, id: 3 }, null))).toMatchObject({ persistDestination: false, undefineSource: false });
  expect(optionsOf(newDraft({ persistent: true, id: null }, null))).toEqual({ offline: true, persistDestination: true, undefineSource: true });
});

test.each<[string, Partial<MigrateDraft>]>([
  ['the beginning', {}],
  ['chosen disks', { copyStorage: 'all', disks: ['vda'] }],
  ['disks that were chosen and are not copied after all', { copyStorage: 'none', disks: ['vda'] }],
  ['compression', { compressed: true }],
  ['compression in several connections', { compressed: true, parallel: true, connections: 4 }],
  ['post-copy that was ticked before the guest was to stand still', { postcopy: true, live: false }],
  ['slowing that was ticked before', { autoConverge: true, live: false }],
  ['a definition alone', { offline: true, copyStorage: 'all', tunnelled: true }],
])('what the dialog comes to is taken by the host: %s', (_name, changes) => {
  expect(() => checkMigrationOptions(migrationOptionsSchema.parse(optionsOf(draft(changes))))).not.toThrow();
});

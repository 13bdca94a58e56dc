/** A little of what `npm run migration-rounds` does at length: guests that check their memory and their disk while they move. */
import { expect, test } from 'vitest';
import { manyAtOnce } from '../migration-faults/many-at-once.ts';
import { thereAndBack } from '../migration-faults/there-and-back.ts';
import { openMigrationHosts } from '../support/migration-hosts.ts';

test.each([false, true])('a guest that goes there and back goes on where it was, and every block of its disk is right (copied: %s)', async (disk) => {
  await using hosts = await openMigrationHosts();
  const { rounds, wrong, late } = await thereAndBack(hosts, { rounds: disk ? 2 : 4, disk, seed: 1 });
  expect({ rounds, wrong, guests: late.guests }).toEqual({ rounds: disk ? 2 : 4, wrong: [], guests: 1 });
}, 180_000);

test('four guests that move at once have a port each, arrive, and are seen on their way', async () => {
  const { wrong, ports, guests } = await manyAtOnce(4, { bandwidthMiBps: 4 });
  expect(wrong).toEqual([]);
  expect(new Set(ports).size).toBe(4);
  expect(guests.filter(({ looks }) => looks === 0)).toEqual([]);
}, 180_000);

import { expect, test } from 'vitest';
import { checkHostNeeds, findProgram } from './host-needs.ts';

test('a host that has everything is no reason for an error', async () => {
  await checkHostNeeds([{ type: 'path', path: '/dev/null', access: 'read-write', why: 'nothing' }, { type: 'program', names: ['no-such', 'sh'], why: 'nothing' }]);
});

test('everything that is missing stands in one message, each once', async () => {
  const card = { type: 'path', path: '/no/such/node', access: 'read-write', why: 'a card' } as const;
  await expect(checkHostNeeds([card, card, { type: 'program', names: ['no-such-a', 'no-such-b'], why: 'a folder' }])).rejects.toMatchObject({
    code: 'OPERATION_FAILED',
    message: "operation failed: the domain cannot run on this host: '/no/such/node' does not exist, and is needed for a card; no-such-a or no-such-b is not installed, and is needed for a folder",
  });
});

test('what the driver cannot do is no matter of the host', async () => {
  await expect(checkHostNeeds([{ type: 'unsupported', reason: 'the moon cannot be moved' }])).rejects.toMatchObject({ code: 'CONFIG_UNSUPPORTED' });
});

test('a folder is no program', async () => {
  expect(await findProgram(['/tmp'])).toBeNull();
  expect(await findProgram(['sh'])).toMatch(/\/sh$/);
});

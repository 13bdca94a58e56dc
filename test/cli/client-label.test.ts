import { expect, test } from 'vitest';
import { clientLabel } from '../../cli/client-label.ts';

const plain = { command: 'console', pid: 4411, isTerminal: false, platform: 'linux' } as const;

test.each([
  ['vireo console (pid 4411)', {}],
  ['vireo console (ann, pid 4411)', { LOGNAME: 'ann', USER: 'root' }],
  ['vireo console (ann, pid 4411)', { SUDO_USER: 'ann', LOGNAME: 'root' }],
  ['vireo console (ann from 10.0.0.5, pid 4411)', { USER: 'ann', SSH_CONNECTION: '10.0.0.5 50222 10.0.0.1 22' }],
  ['vireo console (ann from fe80::1%eth0, pid 4411)', { USER: 'ann', SSH_CONNECTION: 'fe80::1%eth0 50222 fe80::2 22' }],
  ['vireo console (ann, pid 4411)', { USER: 'ann', SSH_CONNECTION: 'a computer that lies' }],
])('the command is called %s by others', async (label, env) => {
  expect(await clientLabel({ ...plain, env })).toBe(label);
});

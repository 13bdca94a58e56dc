import { describe, expect, test } from 'vitest';
import { DeviceWorkbench } from '../../../test/support/device-workbench.ts';

const x86 = await DeviceWorkbench.open();

test('a plain one is a file in /dev/shm of the size that is asked for, 4 MiB where none is', () => {
  const object = (inside: string): unknown => x86.options({ devices: `<shmem name='a'><model type='ivshmem-plain'/>${inside}</shmem>` }, /shmmem-/)[0];
  expect(object('')).toEqual({ 'qom-type': 'memory-backend-file', id: 'shmmem-shmem0', 'mem-path': '/dev/shm/a', size: 4 * 2 ** 20, share: true });
  expect(object("<size unit='KiB'>2048</size>")).toMatchObject({ size: 2 ** 21 });
});

test('the role of a plain one says whether it migrates with its contents', () => {
  const devices = "<shmem name='a' role='peer'><model type='ivshmem-plain'/></shmem>";
  expect(x86.options({ devices }, /"ivshmem/)).toMatchObject([{ driver: 'ivshmem-plain', memdev: 'shmmem-shmem0', master: 'off' }]);
});

test('a doorbell one is a client of its server and interrupts through ioeventfd', () => {
  const parts = { devices: "<shmem name='b'><model type='ivshmem-doorbell'/><server path='/s,1'/><msi vectors='8'/></shmem>" };
  expect(x86.arguments(parts, /char/)).toContain('socket,id=charshmem0,path=/s,,1');
  expect(x86.options(parts, /"ivshmem/)).toMatchObject([{ driver: 'ivshmem-doorbell', chardev: 'charshmem0', vectors: 8, ioeventfd: true }]);
  expect(x86.needs('shmem', parts)).toMatchObject([{ type: 'path', path: '/s,1' }]);
});

test('sizes are bytes where no unit is named and are written in MiB', () => {
  expect(x86.written('shmem', { devices: "<shmem name='a'><model type='ivshmem-plain'/><size>8388608</size></shmem>" })).toBe("<shmem name='a'><model type='ivshmem-plain'/><size unit='M'>8</size></shmem>");
});

describe('a refusal', () => {
  test.each([
    ["<shmem name='a'/>", /'ivshmem' is gone from QEMU/],
    ["<shmem name='..'><model type='ivshmem-plain'/></shmem>", /not the name of a file/],
    ["<shmem name='a/b'><model type='ivshmem-plain'/></shmem>", /attribute 'name' in element 'shmem': 'a\/b'/],
    ["<shmem name='a'><model type='ivshmem-plain'/><size unit='M'>3</size></shmem>", /power of 2/],
    ["<shmem name='a'><model type='ivshmem-plain'/><size unit='KiB'>4</size></shmem>", /at least 1 MiB/],
    ["<shmem name='a'><model type='ivshmem-plain'/><msi/></shmem>", /takes no msi/],
    ["<shmem name='a'><model type='ivshmem-plain'/><server/></shmem>", /takes no server/],
    ["<shmem name='a'><model type='ivshmem-doorbell'/></shmem>", /needs a server/],
    ["<shmem name='a'><model type='ivshmem-doorbell'/><size unit='M'>4</size><server/></shmem>", /takes no size/],
  ])('of %s says why', (devices, reason) => {
    expect(x86.refusal({ devices })).toMatch(reason);
  });
});

import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, expectTypeOf, test } from 'vitest';
import type { QmpArguments, QmpEvent, QmpResult } from './commands.ts';
import type { Monitor } from './monitor.ts';

test('the committed types are what the generator makes of the recorded schema', async () => {
  const script = path.resolve(import.meta.dirname, '../../scripts/generate.mjs');
  await expect(promisify(execFile)(process.execPath, [script, '--check'])).resolves.toMatchObject({ stderr: '' });
});

test('commands have the types that QEMU gives them', () => {
  expectTypeOf<QmpResult<'query-status'>['running']>().toEqualTypeOf<boolean>();
  expectTypeOf<QmpArguments<'device_del'>>().toEqualTypeOf<QmpArguments<'device_del'> & { readonly id: string }>();
  expectTypeOf<{ driver: 'virtio-blk-pci'; drive: string; bootindex: number }>().toExtend<QmpArguments<'device_add'>>();
  expectTypeOf<{ driver: 'qcow2'; 'node-name': string; file: { driver: 'file'; filename: string } }>().toExtend<QmpArguments<'blockdev-add'>>();
  expectTypeOf<{ driver: 'file'; file: string }>().not.toExtend<QmpArguments<'blockdev-add'>>();
  expectTypeOf<Extract<QmpEvent, { event: 'SHUTDOWN' }>['data']['guest']>().toEqualTypeOf<boolean>();
});

test('a command that needs arguments cannot be called without, nor an ordinary one out of band', () => {
  const misuse = (monitor: Monitor): unknown[] => [
    // @ts-expect-error device_del needs an id
    monitor.execute('device_del'),
    // @ts-expect-error stop takes nothing
    monitor.execute('stop', { x: 1 }),
    // @ts-expect-error cont cannot be executed out of band
    monitor.executeOutOfBand('cont'),
    monitor.execute('stop', {}, { timeoutMs: 1 }),
    monitor.execute('query-blockstats'),
  ];
  expect(misuse).toBeTypeOf('function');
});

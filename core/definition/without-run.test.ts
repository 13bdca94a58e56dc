import { expect, test } from 'vitest';
import type { DomainDefinition } from '../conf/domain-definition.ts';
import { formatDomain, parseDomain } from '../devices/domain-xml.ts';
import { withoutRun } from './without-run.ts';

const folders = { runFolder: '/home/run/0badcafe', logFolder: '/home/logs/uuid' };

function definitionWith(devices: string): DomainDefinition {
  return parseDomain(`<domain type='qemu'><name>web</name><memory unit='MiB'>64</memory><os><type arch='x86_64' machine='q35'>hvm</type></os><devices>${devices}</devices></domain>`);
}

test('sockets and logs that a run chose for its consoles stay behind; what its user chose goes along', () => {
  const definition = definitionWith(`
    <serial type='unix'><source mode='bind' path='/home/run/0badcafe/c-serial0'/><log file='/home/logs/uuid/serial0.log' append='on'/></serial>
    <serial type='unix'><source mode='bind' path='/srv/mine'/><log file='/srv/mine.log' append='on'/></serial>
    <channel type='unix'><source mode='bind' path='/home/run/0badcafe/c-channel0'/><target type='virtio' name='org.qemu.guest_agent.0'/></channel>`);
  const text = formatDomain(withoutRun(definition, folders), { form: 'inactive', secure: true });
  expect(text).not.toContain('/home/');
  expect(text).toContain('/srv/mine\'');
  expect(text).toContain('/srv/mine.log');
});

test('nothing else is touched', () => {
  const definition = definitionWith("<serial type='pty'/><disk type='file' device='disk'><source file='/home/run/0badcafe/x'/><target dev='vda' bus='virtio'/></disk>");
  expect(withoutRun(definition, folders)).toEqual(definition);
});

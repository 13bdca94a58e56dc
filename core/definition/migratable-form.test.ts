import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { complete, goldenFolder, recordedCapabilities } from '../../test/golden/golden-launch.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';
import { formatDomain, parseDomain } from '../devices/domain-xml.ts';
import { migratableDefinition } from './migratable-form.ts';

const capabilities = await recordedCapabilities();
const completing = (definition: DomainDefinition): DomainDefinition => complete(definition, capabilities);
const controllers = (definition: DomainDefinition): readonly string[] =>
  definition.devices.flatMap((device) => (device.kind === 'controller' ? [`${device.type} ${device.index} ${device.model}`] : []));
const domain = (machine: string, devices = ''): DomainDefinition =>
  completing(parseDomain(`<domain type='qemu'><name>x</name><memory>65536</memory><os><type machine='${machine}'>hvm</type></os><devices>${devices}</devices></domain>`));

describe('the migratable form', () => {
  test('leaves out what every receiver adds', () => {
    const definition = domain('pc', "<controller type='usb' model='piix3-uhci'/>");
    expect(controllers(definition)).toEqual(expect.arrayContaining(['pci 0 pci-root', 'usb 0 piix3-uhci']));
    expect(controllers(migratableDefinition(definition, completing))).not.toContain('pci 0 pci-root');
  });

  test('keeps a controller that says more than the one that would be added', () => {
    const definition = domain('pc', "<controller type='pci' index='0' model='pci-root'><pcihole64 unit='KiB'>1048576</pcihole64></controller>");
    expect(controllers(migratableDefinition(definition, completing))).toContain('pci 0 pci-root');
  });

  test('keeps what no default could bring back', () => {
    const definition = domain('q35', "<controller type='usb' index='0' model='qemu-xhci' ports='8'/>");
    expect(controllers(migratableDefinition(definition, completing))).toContain('usb 0 qemu-xhci');
  });

  test.each(['sample', 'desktop', 'pc', 'consoles'])('of the golden definition %s completes to the same definition', async (name) => {
    const definition = completing(parseDomain(await readFile(`${goldenFolder}cases/${name}.xml`, 'utf8')));
    const written = formatDomain(migratableDefinition(definition, completing), { form: 'inactive', secure: true });
    expect(formatDomain(completing(parseDomain(written)), { form: 'inactive', secure: true })).toBe(formatDomain(definition, { form: 'inactive', secure: true }));
  });
});

import { expect, test } from 'vitest';
import type { DomainDefinition } from '../../conf/domain-definition.ts';
import { parseDomain } from '../../devices/domain-xml.ts';
import { type MigrationOptionsInput, migrationOptionsSchema } from '../migration-options.ts';
import { planCopies } from './copy-plan.ts';

function disk(target: string, inside: string, attributes = "type='file'"): string {
  return `<disk ${attributes}>${inside}<target dev='${target}' bus='virtio'/><alias name='virtio-${target}'/></disk>`;
}

const image = (name: string): string => `<driver name='qemu' type='qcow2'/><source file='/images/${name}' index='1'/>`;

const definition: DomainDefinition = parseDomain(`<domain type='qemu'><name>n</name><memory>1024</memory><os><type arch='x86_64'>hvm</type></os><devices>
  ${disk('vda', image('system'))}
  ${disk('vdb', `${image('data')}<shareable/>`)}
  ${disk('vdc', `${image('iso')}<readonly/>`)}
  ${disk('vdd', '', "type='file' device='cdrom'")}
  ${disk('vde', `<driver name='qemu' type='raw' copy_on_read='on'/><source dev='/dev/sdz' index='1'/>`, "type='block'")}
</devices></domain>`, { form: 'live' });

function plan(options: MigrationOptionsInput) {
  return planCopies(definition, migrationOptionsSchema.parse(options));
}

test('without storage to copy there is nothing to do', () => {
  expect(plan({}).disks).toEqual([]);
});

test('every disk is chosen that is neither read-only nor shared nor empty, under the names that libvirt gives', () => {
  expect(plan({ copyStorage: 'all' })).toEqual({
    disks: [
      { target: 'vda', alias: 'drive-virtio-vda', node: 'libvirt-1-format', detectZeroes: false },
      { target: 'vde', alias: 'drive-virtio-vde', node: 'libvirt-CoR-vde', detectZeroes: false },
    ],
    isIncremental: false,
    synchronousWrites: false,
  });
});

test('a list chooses, also a shared disk, and says where zeroes are looked for', () => {
  expect(plan({ copyStorage: 'incremental', migrateDisks: ['vdb', 'vda'], migrateDisksDetectZeroes: ['vdb'], copyStorageSynchronousWrites: true })).toMatchObject({
    disks: [{ target: 'vda', detectZeroes: false }, { target: 'vdb', detectZeroes: true }],
    isIncremental: true,
    synchronousWrites: true,
  });
});

test.each([
  [['vdz'], /disk target vdz not found/],
  [['vdc'], /Cannot migrate empty or read-only disk vdc/],
  [['vdd'], /Cannot migrate empty or read-only disk vdd/],
])('the list %j is refused: %s', (migrateDisks, words) => {
  expect(() => plan({ copyStorage: 'all', migrateDisks })).toThrow(words);
});

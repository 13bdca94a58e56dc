/** Files and devices of the host that the machine itself needs, beside what its devices need. Start says which is missing. */
import { isAbsolute } from 'node:path';
import { membersOf } from '../conf/cpu-set.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';
import type { HostNeed } from '../devices/device-module.ts';

export function domainHostNeeds({ os, sysinfo, launchSecurity, numatune }: DomainDefinition): readonly HostNeed[] {
  // A name without a folder is looked up by QEMU among its own files.
  const read = (path: string | null | undefined, why: string): readonly HostNeed[] => (path && isAbsolute(path) ? [{ type: 'path', path, access: 'read', why }] : []);
  return [
    ...loaderNeeds(os.loader),
    ...read(os.kernel, 'direct boot'),
    ...read(os.initrd, 'direct boot'),
    ...read(os.shim, 'direct boot'),
    ...read(os.dtb, 'the device tree of the machine'),
    ...os.acpiTables.flatMap(({ path }) => read(path, 'an ACPI table')),
    ...sysinfo.flatMap((table) => (table.type === 'fwcfg' ? table.entries.flatMap(({ file, name }) => read(file, `the firmware file ${name}`)) : [])),
    ...numaNeeds(numatune),
    ...securityNeeds(launchSecurity),
  ];
}

/** QEMU binds memory to nodes that the host has; in mode 'restrictive' it is not QEMU that does. */
function numaNeeds(numatune: DomainDefinition['numatune']): readonly HostNeed[] {
  const { memory = null, memnodes = [] } = numatune ?? {};
  const bindings = [...(memory && memory.placement !== 'auto' ? [memory] : []), ...memnodes].filter(({ mode }) => mode !== 'restrictive');
  const nodes = new Set(bindings.flatMap(({ nodeset }) => (nodeset === null ? [] : membersOf(nodeset))));
  return [...nodes].map((node) => ({ type: 'path', path: `/sys/devices/system/node/node${node}`, access: 'read', why: `the memory that numatune binds to node ${node}` }));
}

/** Flash memory is the guest's to write to unless it is said to be read-only. */
function loaderNeeds(loader: DomainDefinition['os']['loader']): readonly HostNeed[] {
  if (!loader || loader.path === null) return [];
  const access = loader.type === 'pflash' && loader.readonly !== true ? 'read-write' : 'read';
  return [{ type: 'path', path: loader.path, access, why: "the guest's firmware" }];
}

function securityNeeds(security: DomainDefinition['launchSecurity']): readonly HostNeed[] {
  if (security?.type !== 'sev' && security?.type !== 'sev-snp') return [];
  const device: HostNeed = { type: 'path', path: '/dev/sev', access: 'read-write', why: `launchSecurity '${security.type}'` };
  const hasFiles = security.type === 'sev' && (security.dhCert !== null || security.session !== null);
  return hasFiles ? [device, { type: 'unsupported', reason: "launchSecurity with a certificate and a session of one's own is rendered, but its files are not written for QEMU" }] : [device];
}

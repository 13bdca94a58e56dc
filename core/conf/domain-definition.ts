/**
 * What a domain is: libvirt's `<domain>` element as an immutable value. The devices are read by the floor above
 * (core/devices/domain-xml.ts), between the two halves that are declared here in libvirt's order. Each concern has a
 * file of its own beside this one.
 */
import { clockElement } from './clock.ts';
import { attribute, child, childText, type Infer, liveOnly, object, optional, text, verbatimChild } from './codec/codec.ts';
import type { Keeping } from './codec/kept-nodes.ts';
import { anyText, positive, type Scalar, someText, uuid } from './codec/scalar.ts';
import { cpuElement } from './cpu.ts';
import type { DeviceDefinition } from './device-definition.ts';
import { featuresElement } from './features.ts';
import { iothreadFields } from './iothreads.ts';
import { launchSecurityElement } from './launch-security.ts';
import { lifecycleFields } from './lifecycle.ts';
import { memoryBackingElement, memoryFields, memtuneElement } from './memory.ts';
import { numatuneElement } from './numa.ts';
import { bootloaderFields, idmapCodec, osCodec } from './os.ts';
import { qemuNamespaceFields } from './qemu-namespace.ts';
import { keywrapElement, seclabelElements } from './security.ts';
import { sysinfoElements } from './sysinfo.ts';
import { blkiotuneElement, cputuneElement, perfElement, resourceElement, throttlegroupsElement } from './tuning.ts';
import { vcpuElement, vcpusElement } from './vcpus.ts';

/** As libvirt: any name that a file could have and a line of a log can hold. */
export const domainName: Scalar<string> = {
  // oxlint-disable-next-line no-control-regex -- control characters are what is refused
  parse: (name) => (/^[^/\u0000-\u001f\u007f]{1,255}$/u.test(name) && name.trim() !== '' && name !== '.' && name !== '..' ? name : undefined),
  format: (name) => name,
  allowed: "1 to 255 characters, not only spaces, without '/' and control characters",
  shape: { type: 'pattern', pattern: /^[a-z0-9,='"&< ]{0,8}[a-z]$/ },
};

/** Everything that libvirt prints before `<devices>`. */
export const domainHeadCodec = object({
  /** The virtualization type: qemu, kvm; others are refused by name. */
  type: attribute('type', someText),
  /** Number of the run, null while the domain does not run. */
  id: liveOnly(optional(attribute('id', positive))),
  name: childText('name', domainName),
  /** Null until the domain is defined. */
  uuid: optional(childText('uuid', uuid)),
  /** The UUID that the guest reads in its hardware, where it is to differ from the domain's. */
  hardwareUuid: optional(childText('hwuuid', uuid)),
  /** Number of the guest's generation; without a value until the domain is defined. */
  genid: optional(child('genid', object({ value: optional(text(uuid)) }))),
  title: optional(childText('title', anyText)),
  description: optional(childText('description', anyText)),
  metadata: verbatimChild('metadata'),
  ...memoryFields,
  blkiotune: blkiotuneElement,
  memtune: memtuneElement,
  memoryBacking: memoryBackingElement,
  vcpu: vcpuElement,
  vcpus: vcpusElement,
  ...iothreadFields,
  throttlegroups: throttlegroupsElement,
  cputune: cputuneElement,
  numatune: numatuneElement,
  resource: resourceElement,
  sysinfo: sysinfoElements,
  ...bootloaderFields,
  os: child('os', osCodec),
  idmap: idmapCodec,
  features: featuresElement,
  cpu: cpuElement,
  clock: clockElement,
  ...lifecycleFields,
  perf: perfElement,
});

/** What libvirt prints after `<devices>`. */
export const domainTailCodec = object({
  seclabels: seclabelElements,
  keywrap: keywrapElement,
  launchSecurity: launchSecurityElement,
  ...qemuNamespaceFields,
});

type Head = Infer<typeof domainHeadCodec>;
type Tail = Infer<typeof domainTailCodec>;

/** Every field of a definition but its devices. */
export type DomainFields = Head & Tail;

export interface DomainDefinition extends Head, Tail, Keeping {
  /** Path of the QEMU binary, null until the driver has chosen one. */
  readonly emulator: string | null;
  /** In libvirt's order of kinds; within a kind as written. */
  readonly devices: readonly DeviceDefinition[];
}

export type { ClockDefinition } from './clock.ts';
export type { CpuDefinition } from './cpu.ts';
export type { LifecycleAction } from './lifecycle.ts';
export type { VcpuDefinition } from './vcpus.ts';

/** What a command line says of the domain itself: name, memory, CPUs, machine, clock, boot. */
import type { Accelerator } from '../../capabilities/qemu-capabilities.ts';
import type { XmlElement } from '../../xml/xml-element.ts';
import { element, textElement } from './native-parts.ts';
import { type KeyedValue, type QemuOption, readKeyed } from './qemu-options.ts';

export interface DomainElements {
  readonly accelerator: Accelerator;
  readonly head: readonly (XmlElement | null)[];
  readonly tail: readonly (XmlElement | null)[];
}

const none: KeyedValue = { first: null, keys: new Map() };

export function domainElements(binary: string, options: readonly QemuOption[]): DomainElements {
  const keyed = (option: string): KeyedValue => {
    const found = options.find((each) => each.option === option);
    return (found?.value ?? null) === null ? none : readKeyed(found?.value ?? '');
  };
  const plain = (option: string): string | null => options.find((each) => each.option === option)?.value ?? null;
  const machine = keyed('machine');
  const accelerator = (keyed('accel').first ?? 'tcg') as Accelerator;
  const arch = /qemu-system-([a-z0-9_]+)$/.exec(binary)?.[1] ?? null;
  const smp = keyed('smp');
  const current = smp.first ?? '1';
  const maximum = smp.keys.get('maxcpus') ?? current;
  const boot = keyed('boot').keys;
  return {
    accelerator,
    head: [
      textElement('name', keyed('name').keys.get('guest') ?? 'unnamed'),
      textElement('uuid', plain('uuid')),
      ...memoryElements(keyed('m')),
      element('vcpu', { current: current === maximum ? null : current }, [maximum]),
      element('os', {}, [
        element('type', { arch: arch === 'i386' ? 'i686' : arch, machine: machine.first }, ['hvm']),
        textElement('kernel', plain('kernel')),
        textElement('initrd', plain('initrd')),
        textElement('cmdline', plain('append')),
        boot.get('menu') === undefined ? null : element('bootmenu', { enable: boot.get('menu') === 'on' ? 'yes' : 'no', timeout: boot.get('splash-time') ?? null }),
      ]),
      featuresElement(machine, arch),
      cpuElement(keyed('cpu'), smp),
    ],
    tail: [
      clockElement(keyed('rtc'), machine),
      options.some(({ option }) => option === 'no-reboot') ? textElement('on_reboot', 'destroy') : null,
      sleepElement(options),
    ],
  };
}

function memoryElements({ first, keys }: KeyedValue): readonly (XmlElement | null)[] {
  const kibibytes = (text: string): string => text.replace(/k$/i, '');
  const maximum = keys.get('maxmem');
  return [
    maximum === undefined ? null : element('maxMemory', { slots: keys.get('slots') ?? null, unit: 'KiB' }, [kibibytes(maximum)]),
    element('memory', { unit: 'KiB' }, [kibibytes(keys.get('size') ?? first ?? '131072')]),
  ];
}

/** ACPI is on unless it is switched off, on the machines that can have it. */
function featuresElement({ keys }: KeyedValue, arch: string | null): XmlElement | null {
  const hasAcpi = ['x86_64', 'i386', 'aarch64'].includes(arch ?? '') && keys.get('acpi') !== 'off';
  const state = (name: string): XmlElement | null => (keys.get(name) === undefined ? null : element(name, { state: keys.get(name) ?? null }));
  const children = [hasAcpi ? element('acpi') : null, state('vmport'), state('smm')].filter((child) => child !== null);
  return children.length === 0 ? null : element('features', {}, children);
}

const modes: Readonly<Record<string, string>> = { host: 'host-passthrough', max: 'maximum' };

function cpuElement({ first, keys }: KeyedValue, smp: KeyedValue): XmlElement | null {
  const topology = topologyElement(smp);
  if (first === null) return topology && element('cpu', {}, [topology]);
  const mode = modes[first];
  const features = [...keys].filter(([name]) => name !== 'migratable').map(([name, value]) => element('feature', { policy: value === 'on' ? 'require' : 'disable', name }));
  if (mode !== undefined) return element('cpu', { mode, migratable: keys.get('migratable') ?? null }, [topology, ...features]);
  return element('cpu', { mode: 'custom', match: 'exact', check: 'none' }, [element('model', { fallback: 'forbid' }, [first]), topology, ...features]);
}

/** One CPU a socket is what is written where no topology is given. */
function topologyElement({ keys }: KeyedValue): XmlElement | null {
  const [sockets, dies, clusters, cores, threads] = ['sockets', 'dies', 'clusters', 'cores', 'threads'].map((name) => keys.get(name) ?? null);
  const rest = [dies, clusters, cores, threads].every((count) => (count ?? '1') === '1');
  return rest || sockets === null || sockets === undefined ? null : element('topology', { sockets, dies: dies ?? null, clusters: clusters ?? null, cores: cores ?? null, threads: threads ?? null });
}

function clockElement({ keys }: KeyedValue, machine: KeyedValue): XmlElement {
  const timers = [
    keys.get('driftfix') === undefined ? null : element('timer', { name: 'rtc', tickpolicy: keys.get('driftfix') === 'slew' ? 'catchup' : 'delay' }),
    machine.keys.get('hpet') === undefined ? null : element('timer', { name: 'hpet', present: machine.keys.get('hpet') === 'on' ? 'yes' : 'no' }),
  ];
  return element('clock', { offset: keys.get('base') ?? 'utc' }, timers);
}

function sleepElement(options: readonly QemuOption[]): XmlElement | null {
  const values = options.filter(({ option }) => option === 'global').map(({ value }) => value ?? '');
  const enabled = (state: string): string | null => {
    const found = values.find((value) => value.includes(`.disable_s${state}=`));
    return found === undefined ? null : found.endsWith('=0') ? 'yes' : 'no';
  };
  const [memory, disk] = [enabled('3'), enabled('4')];
  if (memory === null && disk === null) return null;
  return element('pm', {}, [memory === null ? null : element('suspend-to-mem', { enabled: memory }), disk === null ? null : element('suspend-to-disk', { enabled: disk })]);
}

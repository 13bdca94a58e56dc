/** What the firmware boots, what is booted without it, and how the guest sleeps. */
import type { DomainDefinition } from '../conf/domain-definition.ts';
import { boardOf } from '../conf/machine-family.ts';
import { type CommandFragment, keyed, plain } from '../devices/command-fragment.ts';

export function sleepFragments({ pm, os }: DomainDefinition): readonly CommandFragment[] {
  const controller = boardOf(os.type).name === 'q35' ? 'ICH9-LPC' : 'PIIX4_PM';
  const states = [['disable_s3', pm?.suspendToMemory], ['disable_s4', pm?.suspendToDisk]] as const;
  return states.flatMap(([property, state]) => (state ? [plain('global', `${controller}.${property}=${state.enabled ? 0 : 1}`)] : []));
}

/** Signatures of ACPI tables by the kind that the definition names; null for a file that brings its own. */
const signatures = { raw: null, rawset: null, slic: 'SLIC', msdm: 'MSDM' } as const;

export function bootFragments({ os }: DomainDefinition): readonly CommandFragment[] {
  const boot = keyed('boot', null, {
    menu: os.bootmenu?.enable ?? null,
    'reboot-timeout': os.bios?.rebootTimeoutMs ?? null,
    'splash-time': os.bootmenu?.enable ? os.bootmenu.timeoutMs : null,
    strict: true,
  });
  const direct = [['kernel', os.kernel], ['initrd', os.initrd], ['append', os.cmdline], ['shim', os.shim], ['dtb', os.dtb]] as const;
  return [
    boot,
    ...direct.flatMap(([option, value]) => (value === null ? [] : [plain(option, value)])),
    ...os.acpiTables.map(({ type, path }) => keyed('acpitable', null, { sig: signatures[type], file: path })),
  ];
}

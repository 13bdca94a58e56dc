import { describe, expect, test } from 'vitest';
import { VireoError } from '../base/errors.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';
import { parseDomain } from '../devices/domain-xml.ts';
import { chooseFirmware } from './choose-firmware.ts';
import type { FirmwareDescriptor } from './firmware-descriptor.ts';

function descriptor(name: string, features: readonly string[], more: Partial<FirmwareDescriptor> = {}): FirmwareDescriptor {
  return {
    file: `/fw/${name}.json`, description: name, 'interface-types': ['uefi'],
    mapping: { device: 'flash', mode: 'split', executable: { filename: `/fw/${name}.fd`, format: 'raw' }, 'nvram-template': { filename: `/fw/${name}_VARS.fd`, format: 'raw' } },
    targets: [{ architecture: 'x86_64', machines: ['pc-q35-*'] }],
    features: [...features],
    ...more,
  };
}

const installed = {
  nvramFolder: '/state/nvram',
  descriptors: [
    descriptor('bios', [], { 'interface-types': ['bios'] }),
    descriptor('arm', [], { targets: [{ architecture: 'aarch64', machines: ['virt-*'] }] }),
    descriptor('enrolled', ['acpi-s3', 'secure-boot', 'enrolled-keys', 'requires-smm']),
    descriptor('secure', ['acpi-s3', 'secure-boot', 'requires-smm']),
    descriptor('plain', ['acpi-s3', 'amd-sev'], { targets: [{ architecture: 'x86_64', machines: ['pc-i440fx-*', 'pc-q35-*'] }] }),
    descriptor('stateless', [], { mapping: { device: 'flash', mode: 'stateless', executable: { filename: '/fw/stateless.fd', format: 'raw' } } }),
  ],
};

function chosen(os: string, more = '', machine = 'pc-q35-7.2'): DomainDefinition {
  const [attributes, inside] = os.split('|');
  return chooseFirmware(parseDomain(`<domain type='qemu'><name>x</name><memory>1024</memory><os ${attributes}><type arch='x86_64' machine='${machine}'>hvm</type>${inside ?? ''}</os>${more}</domain>`), installed);
}

function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof VireoError) return `${error.code} ${error.message}`;
    throw error;
  }
  throw new Error('was accepted');
}

describe('a definition that asks for efi', () => {
  test.each([
    ["firmware='efi'|", '', 'enrolled'],
    ["firmware='efi'|<firmware><feature enabled='no' name='enrolled-keys'/></firmware>", '', 'secure'],
    ["firmware='efi'|<firmware><feature enabled='no' name='secure-boot'/></firmware>", '', 'plain'],
    ["firmware='efi'|<loader secure='no'/>", '', 'plain'],
    ["firmware='efi'|<loader secure='yes'/>", '', 'enrolled'],
    ["firmware='efi'|<loader stateless='yes'/>", '', 'stateless'],
    ["firmware='efi'|", "<features><smm state='off'/></features>", 'plain'],
  ])('%s %s is given the first that fits', (os, more, name) => {
    expect(chosen(os, more).os.loader).toMatchObject({ path: `/fw/${name}.fd`, type: 'pflash', readonly: true });
  });

  test('whose name is too long for a file has its variables under its UUID', () => {
    const uuid = '11111111-2222-4333-8444-555555555555';
    const named = (name: string): string | null | undefined =>
      chooseFirmware(parseDomain(`<domain type='qemu'><name>${name}</name><uuid>${uuid}</uuid><memory>1024</memory><os firmware='efi'><type arch='x86_64' machine='pc-q35-7.2'>hvm</type></os></domain>`), installed).os.nvram?.path;
    expect(named('ü'.repeat(122))).toBe(`/state/nvram/${'ü'.repeat(122)}_VARS.fd`);
    expect(named('ü'.repeat(123))).toBe(`/state/nvram/${uuid}_VARS.fd`);
  });

  test('has what was chosen written down, with the variables of its own', () => {
    const definition = chosen("firmware='efi'|");
    expect(definition.os.nvram).toMatchObject({ template: '/fw/enrolled_VARS.fd', path: '/state/nvram/x_VARS.fd' });
    expect(definition.os.firmwareFeatures).toEqual([{ name: 'enrolled-keys', enabled: true }, { name: 'secure-boot', enabled: true }]);
    expect([definition.os.loader?.secure, definition.features.smm?.state]).toEqual([true, true]);
    expect(chooseFirmware(definition, { ...installed, descriptors: [] })).toEqual(definition);
  });

  test('keeps the variables that it names', () => {
    expect(chosen("firmware='efi'|<nvram>/mine.fd</nvram>").os.nvram).toMatchObject({ path: '/mine.fd', template: '/fw/enrolled_VARS.fd' });
    expect(chosen("firmware='efi'|<nvram template='/t.fd'/>").os.nvram).toMatchObject({ path: '/state/nvram/x_VARS.fd', template: '/t.fd' });
  });

  test('and cannot have it is told what each one lacks', () => {
    const reason = refusal(() => chosen("firmware='efi'|<loader secure='yes'/><firmware><feature enabled='no' name='secure-boot'/></firmware>"));
    expect(reason).toContain("CONFIG_UNSUPPORTED unsupported configuration: unable to find an 'efi' firmware for machine 'pc-q35-7.2' of x86_64");
    expect(reason).toContain('/fw/enrolled.json has the feature secure-boot; /fw/secure.json has the feature secure-boot; /fw/plain.json cannot keep its loader secure');
    expect(refusal(() => chosen("firmware='efi'|", '', 'microvm'))).toContain('none is installed for it');
  });
});

describe('a definition that names its loader', () => {
  test("is given the descriptor's template", () => {
    expect(chosen("|<loader readonly='yes' type='pflash'>/fw/plain.fd</loader>").os.nvram).toMatchObject({ template: '/fw/plain_VARS.fd', path: '/state/nvram/x_VARS.fd' });
  });

  test.each(["|<loader type='rom'>/fw/plain.fd</loader>", "|<loader readonly='yes' type='pflash' stateless='yes'>/fw/plain.fd</loader>", "|<loader readonly='yes' type='pflash'>/unknown.fd</loader>", '|'])('%s stays as it is where there are no variables', (os) => {
    expect(chosen(os).os.nvram).toBeNull();
  });
});

/** The definition of the sample guest: small, with every kind of console, and nothing that its kernel has no driver for. */
import { formatXml } from '../xml/format-xml.ts';
import { createElement, type XmlElement } from '../xml/xml-element.ts';

export interface SampleDomainOptions {
  /** `qemu` for emulation, or the accelerator that works here. */
  readonly type?: 'qemu' | 'kvm' | 'hvf' | 'whpx';
  readonly name: string;
  readonly kernel: string;
  readonly initrd: string;
  /** A raw image that the guest may write to. */
  readonly disk: string;
  readonly memoryMiB: number;
}

/** A `<domain>` document. */
export function sampleDomain({ type = 'qemu', name, kernel, initrd, disk, memoryMiB }: SampleDomainOptions): string {
  const cmdline = `console=ttyS0 vireo.name=${hostName(name)} quiet`;
  const root = createElement('domain', { type }, [
    leaf('name', name),
    leaf('title', 'Vireo sample guest'),
    createElement('memory', { unit: 'MiB' }, [String(memoryMiB)]),
    leaf('vcpu', '1'),
    createElement('os', {}, [createElement('type', { arch: 'x86_64', machine: 'q35' }, ['hvm']), leaf('kernel', kernel), leaf('initrd', initrd), leaf('cmdline', cmdline)]),
    createElement('features', {}, [createElement('acpi')]),
    ...(type === 'kvm' ? [createElement('cpu', { mode: 'host-passthrough' })] : []),
    createElement('clock', { offset: 'utc' }),
    createElement('devices', {}, sampleDevices(disk)),
  ]);
  return formatXml(root);
}

function sampleDevices(disk: string): readonly XmlElement[] {
  return [
    createElement('disk', { type: 'file', device: 'disk' }, [
      createElement('driver', { name: 'qemu', type: 'raw' }),
      createElement('source', { file: disk }),
      createElement('target', { dev: 'vda', bus: 'virtio' }),
    ]),
    createElement('controller', { type: 'usb', model: 'none' }),
    createElement('interface', { type: 'user' }, [createElement('model', { type: 'virtio' })]),
    createElement('serial', { type: 'unix' }, [createElement('source', { mode: 'bind' })]),
    createElement('console', { type: 'pty' }, [createElement('target', { type: 'virtio' })]),
    createElement('channel', { type: 'unix' }, [createElement('source', { mode: 'bind' }), createElement('target', { type: 'virtio', name: 'org.qemu.guest_agent.0' })]),
    createElement('memballoon', { model: 'virtio' }),
    createElement('rng', { model: 'virtio' }, [createElement('backend', { model: 'random' }, ['/dev/urandom'])]),
  ];
}

function leaf(name: string, text: string): XmlElement {
  return createElement(name, {}, [text]);
}

/** The guest's host name travels on the kernel's command line, where a space would end it. */
function hostName(name: string): string {
  return name.replace(/[^A-Za-z0-9-]+/g, '-').replace(/^-+|-+$/g, '').slice(0, 63) || 'vireo';
}

/** A plain sentence for each mark on a run that makes it hard to vouch for. */
import type { Taint } from '../../core/domain/taints.ts';

const sentences: Readonly<Record<Taint, string>> = {
  'custom-argv': 'The definition hands QEMU arguments of its own, which Vireo does not check.',
  'custom-monitor': 'Somebody sent QEMU commands of their own, so it may differ from what is shown here.',
  'high-privileges': 'QEMU runs with more rights than it needs; a guest that breaks out of it would have them, too.',
  'shell-scripts': 'A network card is set up by a script that Vireo does not know.',
  'disk-probing': 'The format of an image was guessed; a guest can make an image look like another format.',
  'external-launch': 'QEMU was not started by Vireo.',
  'host-cpu': 'The guest sees the CPU of the computer it began on, and may not run well on this one.',
  'hook-script': 'A script of the administrator may have changed how the guest runs.',
  'cdrom-passthrough': 'The guest commands an optical drive of this computer.',
  'custom-dtb': 'The guest has a device tree that Vireo did not make.',
  'custom-ga-command': 'Somebody sent the guest agent commands of their own.',
  'custom-hypervisor-feature': 'Vireo was told not to believe what QEMU says it can do.',
  'deprecated-config': 'The machine or CPU model is one that a later QEMU will not have.',
  'custom-device': 'The definition sets properties of devices that Vireo does not check.',
};

/** A taint of a newer Vireo is shown by its name. */
export function taintSentence(taint: string): string {
  return (sentences as Readonly<Record<string, string>>)[taint] ?? taint;
}

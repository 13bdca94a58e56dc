/** The soak's guests: real QEMUs that are cheap to run, so that fifty of them fit on a small machine. */
import { bootSectorImage } from '../support/boot-sector.ts';

/** Stops interrupts and halts for ever: `cli; hlt; jmp` back to the halt, since an NMI wakes it. */
const haltingCode = 'faf4ebfd';

export function haltingImage(): Buffer {
  const image = Buffer.alloc(1 << 20);
  Buffer.from(haltingCode, 'hex').copy(image);
  image.writeUInt16LE(0xaa55, 510);
  return image;
}

/** Every fifth guest talks on its console, which costs a timer a thousand times a second. */
export function isTalking(number: number): boolean {
  return number % 5 === 0;
}

export function imageOf(number: number): Buffer {
  return isTalking(number) ? bootSectorImage() : haltingImage();
}

export interface GuestXmlOptions {
  readonly name: string;
  /** Its own image; null for a guest that only reads the shared one. */
  readonly disk: string | null;
  readonly title?: string;
  /** An image that several guests read. */
  readonly shared: string;
}

export function guestXml({ name, disk, title, shared }: GuestXmlOptions): string {
  return `<domain type='qemu'>
  <name>${name}</name>
  ${title === undefined ? '' : `<title>${title}</title>`}
  <memory unit='MiB'>16</memory>
  <os><type arch='x86_64' machine='q35'>hvm</type><boot dev='hd'/></os>
  <features><acpi/></features>
  <devices>
    ${disk === null ? '' : `<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='${disk}'/><target dev='sda' bus='sata'/></disk>`}
    <disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='${shared}'/><target dev='sdb' bus='scsi'/><readonly/></disk>
    <controller type='scsi' model='virtio-scsi'/>
    <controller type='usb' model='none'/>
    <serial type='unix'><source mode='bind'/></serial>
    <video><model type='vga' vram='4096'/></video>
    <graphics type='vnc' socket='auto'/>
  </devices>
</domain>`;
}

/** For what QEMU does not tell about itself over QMP: which release brought it. */
import type { QemuCapabilities } from '../capabilities/qemu-capabilities.ts';

export function isAtLeast({ version }: Pick<QemuCapabilities, 'version'>, major: number, minor: number): boolean {
  return version.major > major || (version.major === major && version.minor >= minor);
}

/** Protected guests, and the ends of a domain that go together. */
import type { QemuCapabilities } from '../../capabilities/qemu-capabilities.ts';
import type { DomainDefinition } from '../../conf/domain-definition.ts';
import type { LaunchSecurity } from '../../conf/launch-security.ts';
import { boardOf } from '../../conf/machine-family.ts';
import { contradiction, unsupported } from './refusals.ts';

const objects = { sev: 'sev-guest', 'sev-snp': 'sev-snp-guest', 's390-pv': 's390-pv-guest', tdx: 'tdx-guest' } as const;

export function validateLaunchSecurity({ launchSecurity, keywrap, os }: DomainDefinition, { objectTypes }: QemuCapabilities): void {
  if (keywrap.length > 0 && boardOf(os.type).name !== 's390-ccw') unsupported(`keywrap is for s390x, not for machine '${os.type.machine}'`);
  if (!launchSecurity) return;
  if (!objectTypes.has(objects[launchSecurity.type])) unsupported(`launchSecurity '${launchSecurity.type}' is not supported by this QEMU: it has no ${objects[launchSecurity.type]}`);
  if (launchSecurity.type === 'sev-snp') validateBlobs(launchSecurity);
}

/** Lengths, in bytes, of what the processor's firmware takes. */
function validateBlobs(security: Extract<LaunchSecurity, { readonly type: 'sev-snp' }>): void {
  const blobs = [['guestVisibleWorkarounds', 16], ['idBlock', 96], ['idAuth', 4096], ['hostData', 32]] as const;
  for (const [name, bytes] of blobs) {
    const text = security[name];
    if (text !== null && Buffer.from(text, 'base64').length !== bytes) contradiction(`launchSecurity/${name} must be ${bytes} bytes in base64`);
  }
}

/** QEMU can only end a guest that powers off, and go on with or end one that reboots. */
export function validateLifecycle({ onPoweroff, onReboot, onCrash }: DomainDefinition): void {
  const renaming = [['on_poweroff', onPoweroff], ['on_reboot', onReboot], ['on_crash', onCrash]] as const;
  const renamed = renaming.find(([, action]) => action === 'rename-restart');
  if (renamed) unsupported(`${renamed[0]} has the action 'rename-restart', which is not supported by QEMU`);
  if (onReboot === 'destroy' && onPoweroff === 'restart') unsupported("on_poweroff 'restart' together with on_reboot 'destroy' is not supported by QEMU");
  const preserved = renaming.find(([name, action]) => name !== 'on_crash' && action === 'preserve');
  if (preserved) unsupported(`${preserved[0]} has the action 'preserve', which is not supported by QEMU`);
}

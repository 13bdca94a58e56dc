/** The object that keeps a guest's memory from its own host; `-machine` refers to it as `lsec0`. */
import type { DomainDefinition } from '../conf/domain-definition.ts';
import type { LaunchSecurity } from '../conf/launch-security.ts';
import { type CommandFragment, type JsonObject, json, type JsonValue, withoutNulls } from '../devices/command-fragment.ts';
import type { LaunchContext } from '../devices/launch-context.ts';

export function launchSecurityFragments({ launchSecurity }: DomainDefinition, launch: LaunchContext): readonly CommandFragment[] {
  return launchSecurity ? [json('object', { ...guestObject(launchSecurity, launch) })] : [];
}

function guestObject(security: LaunchSecurity, { runFolder }: LaunchContext): JsonObject {
  switch (security.type) {
    case 'sev':
      return named('sev-guest', {
        ...memoryBits(security),
        policy: Number(security.policy),
        // Both are written there before QEMU starts: it takes them from files only.
        'dh-cert-file': security.dhCert === null ? null : `${runFolder}/dh_cert.base64`,
        'session-file': security.session === null ? null : `${runFolder}/session.base64`,
        'kernel-hashes': security.kernelHashes,
      });
    case 'sev-snp':
      return named('sev-snp-guest', {
        ...memoryBits(security),
        'kernel-hashes': security.kernelHashes,
        policy: Number(security.policy),
        'guest-visible-workarounds': security.guestVisibleWorkarounds,
        'id-block': security.idBlock,
        'id-auth': security.idAuth,
        'host-data': security.hostData,
        'author-key-enabled': security.authorKey,
        'vcek-disabled': security.vcek === null ? null : !security.vcek,
      });
    case 's390-pv':
      return named('s390-pv-guest', {});
    case 'tdx':
      return named('tdx-guest', {
        attributes: security.policy === null ? null : Number(security.policy),
        mrconfigid: security.mrConfigId,
        mrowner: security.mrOwner,
        mrownerconfig: security.mrOwnerConfig,
        'quote-generation-socket': security.quoteService === null ? null : { type: 'unix', path: security.quoteService },
      });
  }
}

function named(type: string, properties: Readonly<Record<string, JsonValue>>): JsonObject {
  return { 'qom-type': type, id: 'lsec0', ...withoutNulls(properties) };
}

/** What the host's processor says where the definition does not; those of current EPYC processors. */
function memoryBits({ cbitpos, reducedPhysicalBits }: { readonly cbitpos: number | null; readonly reducedPhysicalBits: number | null }): JsonObject {
  return { cbitpos: cbitpos ?? 51, 'reduced-phys-bits': reducedPhysicalBits ?? 1 };
}

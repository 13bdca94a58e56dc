/** What the guest of a fake host says through its agent. */
import type { agentMethods } from '../../core/api/agent-contract.ts';
import type { Implementation } from '../../core/api/server.ts';

const filesystems = [
  { mountpoint: '/', name: 'sda1', type: 'ext4', totalBytes: 1_000_000, usedBytes: 250_000, disks: [{ target: 'vda', serial: 'S1', device: '/dev/sda1' }] },
  { mountpoint: '/mnt', name: 'dm-0', type: 'xfs', totalBytes: null, usedBytes: null, disks: [] },
] as const;

const interfaces = [
  { name: 'lo', mac: null, addresses: [{ type: 'ipv4', address: '127.0.0.1', prefix: 8 }] },
  { name: 'eth0', mac: '52:54:00:00:00:01', addresses: [{ type: 'ipv4', address: '10.0.2.15', prefix: 24 }, { type: 'ipv6', address: 'fec0::1', prefix: 64 }] },
  { name: 'eth1', mac: '52:54:00:00:00:02', addresses: [] },
] as const;

export function fakeGuest(): Implementation<typeof agentMethods> {
  return {
    qemuDomainAgentCommand: async (_call, { timeoutSeconds }) => ({ result: timeoutSeconds === 0 ? null : '{"return":{"a":"\u009b\u202e"}}' }),
    domainAgentSetResponseTimeout: async () => null,
    domainGetGuestInfo: async (_call, { types }) => ({
      users: [{ name: 'root', domain: null, loginTimeMs: 1_700_000_000_123 }],
      os: { id: 'debian', name: 'Debian', prettyName: 'Debian 12', version: '12', versionId: '12', variant: null, variantId: null, machine: 'x86_64', kernelRelease: '6.1', kernelVersion: '#1' },
      timezone: { name: 'CET', offsetSeconds: 3_600 },
      hostname: types.length === 0 ? null : 'sample',
      filesystems,
      disks: [{ name: '/dev/vda', isPartition: false, dependencies: ['/dev/sda'], guestAlias: 'root', target: 'vda', serial: 'S1', guestBus: 'virtio' }],
      interfaces,
      load: { one: 0.5, five: 0.25, fifteen: 0 },
      missing: types.length === 0 ? [{ fact: 'hostname', reason: 'The command guest-get-host-name has not been found' }] : [],
    }),
    domainGetHostname: async () => ({ hostname: 'sample' }),
    domainInterfaceAddresses: async () => ({ interfaces }),
    domainGetFSInfo: async () => ({ filesystems }),
    domainFSFreeze: async (_call, { mountpoints }) => ({ frozen: mountpoints.length || 3 }),
    domainFSThaw: async () => ({ thawed: 3 }),
    domainFSFreezeStatus: async () => ({ status: 'frozen' }),
    domainFSTrim: async () => ({ paths: [{ path: '/', trimmedBytes: 4_096, minimumBytes: 0, error: null }, { path: '/mnt', trimmedBytes: null, minimumBytes: null, error: 'trim not supported' }] }),
    domainGetTime: async () => ({ seconds: 1_700_000_000, nanoseconds: 5 }),
    domainSetTime: async () => null,
    domainGetGuestVcpus: async () => ({ vcpus: '0-1', online: '0-1', offlinable: '1' }),
    domainSetGuestVcpus: async () => null,
    domainSetUserPassword: async () => null,
    domainAuthorizedSSHKeysGet: async () => ({ keys: ['ssh-ed25519 AAAA a@b', 'ssh-rsa BBBB c@d'] }),
    domainAuthorizedSSHKeysSet: async () => null,
    domainPMSuspendForDuration: async () => null,
    domainPMWakeup: async () => null,
    domainGuestExec: async (_call, { program, input }) => ({
      exitCode: program === 'killed' ? null : 3,
      signal: program === 'killed' ? 9 : null,
      output: input ?? Buffer.of(1, 0xff, 10).toString('base64'),
      errors: Buffer.from('oops\n').toString('base64'),
      isTruncated: false,
    }),
  };
}

/** The methods of tuning as the fake host answers them: what was set is what is told. */
import type { Methods } from '../../core/api/contract.ts';
import type { Implementation } from '../../core/api/server.ts';
import type { tuningMethods } from '../../core/api/tuning-contract.ts';

const unlimitedKiB = 9_007_199_254_740_991;

export function fakeTuning(): Pick<Implementation<Methods>, keyof typeof tuningMethods> {
  const scheduler = { cpu_shares: 1024, vcpu_period: 100_000, vcpu_quota: -1, emulator_period: 100_000, emulator_quota: -1, global_period: 100_000, global_quota: -1, iothread_period: 100_000, iothread_quota: -1 };
  const memory = { hard_limit: 921_600, soft_limit: unlimitedKiB, swap_hard_limit: unlimitedKiB };
  return {
    domainGetSchedulerParameters: async () => ({ parameters: { ...scheduler } }),
    domainSetSchedulerParameters: async (_call, { parameters }) => {
      Object.assign(scheduler, parameters);
      return null;
    },
    domainGetVcpuPinInfo: async () => ({ vcpus: [{ vcpu: 0, cpus: '0-1' }, { vcpu: 1, cpus: '1' }] }),
    domainPinVcpu: async () => null,
    domainGetEmulatorPinInfo: async () => ({ cpus: '0-1' }),
    domainPinEmulator: async () => null,
    domainPinIOThread: async () => null,
    domainGetMemoryParameters: async () => ({ parameters: memory }),
    domainSetMemoryParameters: async () => null,
    domainGetBlkioParameters: async () => ({ parameters: { weight: 500, device_weight: [{ path: '/dev/sda', value: 300 }, { path: '/dev/sdb', value: 200 }], device_read_iops_sec: [], device_write_iops_sec: [], device_read_bytes_sec: [], device_write_bytes_sec: [] } }),
    domainSetBlkioParameters: async () => null,
    domainGetNumaParameters: async () => ({ mode: 'strict', nodeset: '0' }),
    domainSetNumaParameters: async () => null,
  };
}

import { describe } from 'vitest';
import { FakeQemu } from './fake-qemu.ts';
import { describeMonitorContract } from './monitor-contract.ts';

describe('the monitor on the fake QEMU', () => describeMonitorContract(() => FakeQemu.start()));

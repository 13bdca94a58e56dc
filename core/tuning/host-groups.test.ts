import { expect, test } from 'vitest';
import { parentGroups } from './host-groups.ts';

const v1Mounts = [
  '31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755',
  '32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct',
  '35 31 0:32 /docker/abc /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory',
  '40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,name=systemd',
].join('\n');

test('each controller of v1 is found in its own hierarchy, below this process’s group', () => {
  const own = '4:memory:/docker/abc/app\n2:cpuacct,cpu:/user\n1:name=systemd:/user\n';
  const { v1, v2 } = parentGroups(v1Mounts, own, null);
  expect(Object.fromEntries(v1)).toEqual({
    cpu: { version: 1, folder: '/sys/fs/cgroup/cpu,cpuacct/user' },
    cpuacct: { version: 1, folder: '/sys/fs/cgroup/cpu,cpuacct/user' },
    memory: { version: 1, folder: '/sys/fs/cgroup/memory/app' },
  });
  expect(v2).toBeNull();
});

test('a group outside what is mounted is what is mounted', () => {
  expect(parentGroups(v1Mounts, '4:memory:/elsewhere\n', null).v1.get('memory')?.folder).toBe('/sys/fs/cgroup/memory');
});

test('v2 is one folder, also beside v1, and its name may hold a space', () => {
  const unified = '41 31 0:38 / /sys/fs/cg\\040roup rw,relatime - cgroup2 cgroup2 rw,nsdelegate';
  expect(parentGroups(unified, '0::/user.slice/app.scope\n', null)).toEqual({ v1: new Map(), v2: '/sys/fs/cg roup/user.slice/app.scope' });
});

test('a partition is a path in every hierarchy', () => {
  const { v1 } = parentGroups(v1Mounts, '2:cpuacct,cpu:/user\n4:memory:/docker/abc\n', '/machines/important');
  expect(v1.get('cpu')?.folder).toBe('/sys/fs/cgroup/cpu,cpuacct/machines/important');
});

test('a host that says nothing has none', () => {
  expect(parentGroups('', '', null)).toEqual({ v1: new Map(), v2: null });
  expect(parentGroups('garbage - cgroup\n', '1:cpu:/\n', null).v1.size).toBe(0);
});

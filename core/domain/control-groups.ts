/** The control groups of a run, as its driver made them: where the kernel counts and limits what QEMU uses. */

/** Named as cgroup v1 names them; of v2, `io` is `blkio`, and `cpuacct` goes with every group. */
export const groupControllers = ['cpu', 'cpuacct', 'memory', 'blkio', 'cpuset'] as const;
export type GroupController = (typeof groupControllers)[number];

export interface GroupPlace {
  readonly version: 1 | 2;
  /** The group's folder in the file system of cgroups. */
  readonly folder: string;
}

/** A controller that the host does not have, or does not give us, is absent. */
export type ControlGroups = Readonly<Partial<Record<GroupController, GroupPlace>>>;

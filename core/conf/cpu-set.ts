/** Sets of CPUs or of NUMA nodes in libvirt's spelling: `0-3,^2,8`, written back as `0-1,3,8`. */
import type { Scalar } from './codec/scalar.ts';

/** What a set may hold at most: more than any machine has, and few enough for a set to stay small. */
const maximumMember = 16_383;

/** The canonical text; its members are `membersOf`. */
export const cpuSet: Scalar<string> = {
  parse(text) {
    const members = parseMembers(text);
    return members && members.size > 0 ? formatCpuSet(members) : undefined;
  },
  format: (value) => value,
  allowed: 'a set of numbers such as 0-3,^2,8',
  shape: { type: 'values', values: ['0', '0-3', '1,3', '0-1,4-7', '12'] },
};

/** The members in rising order. `set` comes from the scalar above. */
export function membersOf(set: string): readonly number[] {
  return [...(parseMembers(set) ?? [])].toSorted((a, b) => a - b);
}

export function formatCpuSet(members: Iterable<number>): string {
  const ranges: [number, number][] = [];
  for (const member of [...members].toSorted((a, b) => a - b)) {
    const last = ranges.at(-1);
    if (last && last[1] === member - 1) last[1] = member;
    else ranges.push([member, member]);
  }
  return ranges.map(([first, last]) => (first === last ? String(first) : `${first}-${last}`)).join(',');
}

function parseMembers(text: string): ReadonlySet<number> | null {
  const members = new Set<number>();
  for (const part of text.replaceAll(/\s/g, '').split(',')) {
    const [, without, first = '', last = first] = /^(\^?)(\d{1,5})(?:-(\d{1,5}))?$/.exec(part) ?? [];
    if (without === undefined) return null;
    if (Number(last) > maximumMember || Number(first) > Number(last) || (without !== '' && last !== first)) return null;
    for (let member = Number(first); member <= Number(last); member += 1) {
      if (without === '') members.add(member);
      else members.delete(member);
    }
  }
  return members;
}

/** Lists of processors as the kernel and libvirt write them: `0-3,8,10-11`. */

/** More processors than any host has: a damaged list must not fill the memory. */
const maximumProcessors = 65_536;

/** The numbers of a list; what is no list counts as empty. */
export function parseCpuList(text: string): readonly number[] {
  const numbers: number[] = [];
  for (const part of text.trim().split(',')) {
    const [, first, last] = /^(\d{1,6})(?:-(\d{1,6}))?$/.exec(part.trim()) ?? [];
    if (first === undefined) continue;
    for (let id = Number(first); id <= Number(last ?? first) && numbers.length < maximumProcessors; id += 1) numbers.push(id);
  }
  return numbers;
}

export function formatCpuList(processors: readonly number[]): string {
  const sorted = [...new Set(processors)].toSorted((a, b) => a - b);
  const ranges: [first: number, last: number][] = [];
  for (const id of sorted) {
    const range = ranges.at(-1);
    if (range && range[1] === id - 1) range[1] = id;
    else ranges.push([id, id]);
  }
  return ranges.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(',');
}

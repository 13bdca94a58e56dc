/** Tables in virsh's form: a space before the first column, three between columns, dashes under the head. */
export function formatTable(head: readonly string[], rows: readonly (readonly string[])[], options: { readonly withHead: boolean }): readonly string[] {
  const all = options.withHead ? [head, ...rows] : rows;
  const widths = head.map((_, column) => Math.max(0, ...all.map((row) => displayWidth(row[column] ?? ''))));
  const format = (row: readonly string[]): string =>
    ` ${row.map((cell, column) => (column === row.length - 1 ? cell : cell + ' '.repeat(widths[column]! - displayWidth(cell)))).join('   ')}`;
  if (!options.withHead) return rows.map(format);
  const dashes = '-'.repeat(widths.reduce((sum, width) => sum + width, 0) + 3 * widths.length);
  return [format(head), dashes, ...rows.map(format)];
}

/** Terminal cells: names in scripts that are set double-width must not shift the columns after them. */
function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) width += isWide(character.codePointAt(0)!) ? 2 : /\p{Mark}/u.test(character) ? 0 : 1;
  return width;
}

/** The East Asian wide blocks and emoji (UAX #11), in the coarse form that terminals agree on. */
function isWide(code: number): boolean {
  return (code >= 0x1100 && code <= 0x115f) || (code >= 0x2e80 && code <= 0xa4cf) || (code >= 0xac00 && code <= 0xd7a3) || (code >= 0xf900 && code <= 0xfaff) || (code >= 0xfe30 && code <= 0xfe6f) || (code >= 0xff00 && code <= 0xff60) || (code >= 0x1f300 && code <= 0x1faff) || (code >= 0x20000 && code <= 0x3fffd);
}

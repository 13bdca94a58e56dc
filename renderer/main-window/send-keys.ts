/** The key combinations that the screen's own keyboard does not let through to a guest, in Linux's numbers. */
const ctrl = 29;
const alt = 56;

export interface KeyCombination {
  readonly label: string;
  readonly keys: readonly number[];
}

export const keyCombinations: readonly KeyCombination[] = [
  { label: 'Ctrl+Alt+Del', keys: [ctrl, alt, 111] },
  { label: 'Ctrl+Alt+Backspace', keys: [ctrl, alt, 14] },
  ...[1, 2, 3, 4, 5, 6, 7].map((number) => ({ label: `Ctrl+Alt+F${number}`, keys: [ctrl, alt, 58 + number] })),
  { label: 'SysRq', keys: [alt, 99] },
];

/** What the computer's own keyboard does not let through to a guest, by KeyboardEvent codes. */
export interface KeyCombination {
  readonly label: string;
  readonly codes: readonly string[];
}

const ctrlAlt = ['ControlLeft', 'AltLeft'];

export const keyCombinations: readonly (readonly KeyCombination[])[] = [
  [
    { label: 'Ctrl+Alt+Del', codes: [...ctrlAlt, 'Delete'] },
    { label: 'Ctrl+Alt+Backspace', codes: [...ctrlAlt, 'Backspace'] },
  ],
  Array.from({ length: 12 }, (_, index) => ({ label: `Ctrl+Alt+F${index + 1}`, codes: [...ctrlAlt, `F${index + 1}`] })),
  [
    { label: 'Super', codes: ['MetaLeft'] },
    { label: 'Alt+Tab', codes: ['AltLeft', 'Tab'] },
    { label: 'Alt+F4', codes: ['AltLeft', 'F4'] },
    { label: 'Print screen', codes: ['PrintScreen'] },
    { label: 'Ctrl+Shift+W', codes: ['ControlLeft', 'ShiftLeft', 'KeyW'] },
    { label: 'Ctrl+Shift+Q', codes: ['ControlLeft', 'ShiftLeft', 'KeyQ'] },
  ],
];

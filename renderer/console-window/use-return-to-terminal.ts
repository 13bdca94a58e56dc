/** Where the keyboard goes when a dialog of the console window closes: to the terminal that is typed into then. */
import { useEffect } from 'react';
import { useConsoleWindow } from './console-context.ts';

/** React Aria and the dialog's own frame put the focus back to what opened it within two frames. */
const framesToWait = 3;

export function useReturnToTerminal(): void {
  const { focused } = useConsoleWindow();
  useEffect(() => () => afterFrames(framesToWait, () => {
    if (!document.querySelector('[role=dialog], [role=alertdialog]')) focused().terminal.xterm.focus();
  }), [focused]);
}

function afterFrames(count: number, act: () => void): void {
  if (count === 0) act();
  else requestAnimationFrame(() => afterFrames(count - 1, act));
}

/**
 * Where the keyboard goes when a dialog closes: to what opened it. The menu that it was chosen from is gone by then, so
 * it is the menu's button, or the row that a context menu belonged to; never a button beside it that Enter would press.
 */
import { useEffect, useState } from 'react';

export function useReturnFocus(): void {
  const [opener] = useState(() => openerOf(document.activeElement));
  useEffect(
    () => () => {
      // React Aria puts the focus somewhere in the next frame; this comes after it.
      requestAnimationFrame(() => requestAnimationFrame(() => {
        if (!document.querySelector('[role=alertdialog]') && opener?.isConnected) opener.focus();
      }));
    },
    [opener],
  );
}

function openerOf(focused: Element | null): HTMLElement | null {
  const menu = focused?.closest('[role=menu]');
  if (!menu) return focused instanceof HTMLElement ? focused : null;
  return document.querySelector<HTMLElement>(`[aria-controls="${CSS.escape(menu.id)}"]`) ?? document.querySelector<HTMLElement>('[role=treegrid] [role=row][aria-selected=true]');
}

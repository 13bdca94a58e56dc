/** Whether this window is in sight: hidden and minimised ones ask for nothing. */
import { useSyncExternalStore } from 'react';
import { useHost } from '../shared/session.ts';

function subscribe(listener: () => void): () => void {
  document.addEventListener('visibilitychange', listener);
  return () => document.removeEventListener('visibilitychange', listener);
}

export function useVisible(): boolean {
  const isPageVisible = useSyncExternalStore(subscribe, () => document.visibilityState === 'visible');
  const isInSight = useHost(({ inSight }) => inSight); // Electron's pages do not hear of it from Chromium
  return isPageVisible && isInSight;
}

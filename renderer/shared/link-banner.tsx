/** Tells that the host is gone and that what is on screen may be old; the window connects again by itself. */
import { Unplug } from 'lucide-react';
import type { ReactElement } from 'react';
import { formatElapsed } from '../words/format.ts';
import { Button } from './button.tsx';
import { useHost, useSession } from './session.ts';
import { useNow } from './use-now.ts';

export function LinkBanner(): ReactElement | null {
  const link = useHost((state) => state.link);
  const hasList = useHost((state) => state.sync.list !== null);
  const now = useNow();
  const { host } = useSession();
  if (link.phase !== 'unreachable' || !hasList) return null;
  return (
    <div className="notice bad" role="alert">
      <Unplug size={16} aria-hidden />
      <span>The Vireo host has been unreachable for {formatElapsed(now - link.sinceMs)}. What you see is what was known then; guests keep running.</span>
      <Button label="Connect now" small onPress={() => host.retryNow()} />
    </div>
  );
}

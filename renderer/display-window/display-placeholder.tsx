/** What stands where the guest's screen would be, as long as there is no picture of it. */
import { CircleAlert, LoaderCircle, type LucideIcon, MonitorOff, MonitorX } from 'lucide-react';
import type { ReactElement, ReactNode } from 'react';
import { Button } from '../shared/button.tsx';
import { useDomain, useHost, useSession } from '../shared/session.ts';
import { adviceFor, sentenceFor } from '../words/errors.ts';
import { useDisplay, useDisplayState, useDisplaySummary } from './display-context.ts';

export function DisplayPlaceholder(): ReactElement | null {
  const { uuid } = useDisplay();
  const { host } = useSession();
  const { phase, hasPicture, error } = useDisplayState((state) => state);
  const link = useHost((state) => state.link);
  const loaded = useHost((state) => state.sync.list !== null);
  const domain = useDomain(uuid);
  const display = useDisplaySummary();
  const isSilent = domain?.control.state === 'error';

  if (loaded && domain && domain.displays.length === 0) return <Says icon={MonitorOff} title="No display is configured" text={`${domain.name} has no <graphics> in its definition. Add one of type vnc and start it again; until then its consoles are the way in.`} />;
  if (loaded && domain && !display) return <Says icon={MonitorOff} title="There is no such display" text={`${domain.name} has ${domain.displays.length} only.`} />;
  if (display && display.unavailable !== null) return <Says icon={MonitorX} title="This display cannot be shown here" text={`${capital(display.unavailable)}.`} />;
  if (isSilent && phase !== 'shown') return <Says icon={CircleAlert} title="QEMU does not answer" text={hasPicture ? 'What you see is the last picture. The window connects again by itself.' : 'There is no picture yet. The window connects by itself as soon as it can.'} isOver={hasPicture} />;
  if (hasPicture) return null;
  if (link.phase === 'unreachable' && !loaded) {
    return (
      <Says icon={CircleAlert} title="The Vireo host cannot be reached" text={link.error.message}>
        <Button label="Connect now" onPress={() => host.retryNow()} />
      </Says>
    );
  }
  if (!loaded) return <Says icon={LoaderCircle} title="Connecting" text="" isBusy />;
  if (!domain || domain.state === 'shut off') return <Says icon={MonitorOff} title={domain ? 'The guest is not running' : 'This domain is gone'} text={domain ? 'Its screen is here once it runs.' : 'It was undefined.'} />;
  if (phase === 'failed' && error) return <Says icon={CircleAlert} title="The display was not opened, trying again" text={`${sentenceFor(error)} ${adviceFor(error) ?? ''}`} />;
  return <Says icon={LoaderCircle} title="Connecting to the screen" text="" isBusy />;
}

interface SaysProps {
  readonly icon: LucideIcon;
  readonly title: string;
  readonly text: string;
  readonly isBusy?: boolean;
  /** There is an old picture beneath. */
  readonly isOver?: boolean;
  readonly children?: ReactNode;
}

function Says({ icon: Icon, title, text, isBusy = false, isOver = false, children }: SaysProps): ReactElement {
  return (
    <div className={`display-says ${isOver ? 'over' : ''}`} role="status">
      <Icon size={24} className={isBusy ? 'spinner' : ''} aria-hidden />
      <strong>{title}</strong>
      {text && <p className="quiet">{text}</p>}
      {children}
    </div>
  );
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/**
 * Quitting while guests run: what shall become of them, how far they are, and what to do with those that do not go. The
 * app decides and remembers (electron/quitting.ts); this shows where it stands and sends the answers.
 */
import { Check, CircleAlert, LoaderCircle } from 'lucide-react';
import { type ReactElement, useState } from 'react';
import { useShallow } from 'zustand/react/shallow';
import type { AnyMethodInput } from '../../core/api/client.ts';
import type { QuitState } from '../../core/api/desktop-contract.ts';
import { Button } from '../shared/button.tsx';
import { CheckBox } from '../shared/check-box.tsx';
import { AlertFrame } from '../shared/dialogs.tsx';
import { attempt } from '../shared/failure-toast.tsx';
import { useHost, useSession } from '../shared/session.ts';
import { useNow } from '../shared/use-now.ts';
import { domainsOf } from '../store/host-store.ts';
import { reasonIn } from '../words/errors.ts';
import { formatDuration, plural } from '../words/format.ts';

type Answer = AnyMethodInput<'desktopAnswerQuit'>['answer'];
type Send = (answer: Answer, remember?: boolean) => void;

export function QuitDialog(): ReactElement | null {
  const { host } = useSession();
  const quit = useHost((state) => state.quit);
  if (!quit) return null;
  const send: Send = (answer, remember = false) => void attempt('Vireo was not quit', () => host.client.call('desktopAnswerQuit', { answer, remember }));
  switch (quit.step) {
    case 'question':
      return <Question quit={quit} send={send} />;
    case 'shutting down':
      return <ShuttingDown quit={quit} send={send} />;
    case 'left over':
      return <LeftOver quit={quit} send={send} />;
    case 'forcing off':
      return (
        <AlertFrame title="Forcing guests off" onClose={() => {}}>
          <Guests guests={quit.guests} />
        </AlertFrame>
      );
  }
}

type Step<S extends QuitState['step']> = { readonly quit: Extract<QuitState, { step: S }>; readonly send: Send };

function Question({ quit, send }: Step<'question'>): ReactElement {
  const [remember, setRemember] = useState(false);
  const many = quit.guests.length > 1;
  const moving = useHost(useShallow((state) => quit.guests.filter(({ uuid }) => domainsOf(state).get(uuid)?.migration?.outcome === 'running').map(({ name }) => name)));
  return (
    <AlertFrame title={`Quit Vireo while ${plural(quit.guests.length, 'guest')} ${many ? 'run' : 'runs'}?`} onClose={() => send('cancel')}>
      <p>{many ? 'They' : 'It'} can keep running in the background, without a window, and {many ? 'are' : 'is'} here again when Vireo is opened. Shutting down asks each guest to power off, and Vireo quits when all are off.</p>
      {moving.length > 0 && (
        <p className="notice warn quit-moving" role="alert">
          <span>{moving.length === 1 ? <><bdi>{moving[0]}</bdi> is being migrated</> : `${moving.length} of them are being migrated`}. Quitting ends that: a guest that has not gone over yet stays where it is.</span>
        </p>
      )}
      <ul className="quiet">
        {quit.guests.slice(0, 8).map(({ uuid, name }) => <li key={uuid} className="ellipsis"><bdi>{name}</bdi></li>)}
        {quit.guests.length > 8 && <li>and {quit.guests.length - 8} more</li>}
      </ul>
      <CheckBox label="Remember my choice" isSelected={remember} onChange={setRemember} />
      <div className="dialog-buttons">
        <Button label="Cancel" onPress={() => send('cancel')} />
        <Button label="Shut down" onPress={() => send('shutdown', remember)} />
        <Button label="Keep running" kind="primary" autoFocus onPress={() => send('keep', remember)} />
      </div>
    </AlertFrame>
  );
}

function ShuttingDown({ quit, send }: Step<'shutting down'>): ReactElement {
  const now = useNow();
  const off = quit.guests.filter(({ step }) => step === 'off').length;
  const leftMs = Math.max(0, quit.untilMs - now);
  return (
    <AlertFrame title="Shutting guests down" onClose={() => send('cancel')}>
      <p role="status">
        {off} of {quit.guests.length} off. <span className="quiet">In {formatDuration(leftMs)} you are asked what to do with those that still run.</span>
      </p>
      <Guests guests={quit.guests} />
      <div className="dialog-buttons">
        <Button label="Cancel quitting" hint="Guests that were asked to shut down still may." autoFocus onPress={() => send('cancel')} />
        <Button label="Quit now" hint="Guests that still run go on in the background." onPress={() => send('keep')} />
      </div>
    </AlertFrame>
  );
}

/** Cancel has the focus: forcing a guest off may lose what it has not written. */
function LeftOver({ quit, send }: Step<'left over'>): ReactElement {
  const many = quit.guests.length > 1;
  return (
    <AlertFrame title={`${plural(quit.guests.length, 'guest')} did not shut down`} onClose={() => send('cancel')}>
      <p>{many ? 'They' : 'It'} may be busy, or not listening. Forcing off is like pulling the plug: what {many ? 'they have' : 'it has'} not written to disks is lost.</p>
      <Guests guests={quit.guests} />
      <div className="dialog-buttons">
        <Button label="Cancel quitting" autoFocus onPress={() => send('cancel')} />
        <Button label="Wait longer" onPress={() => send('shutdown')} />
        <Button label="Keep running" hint={`${many ? 'They go' : 'It goes'} on in the background.`} onPress={() => send('keep')} />
        <Button label="Force off" kind="danger" onPress={() => send('force off')} />
      </div>
    </AlertFrame>
  );
}

const stepWords = { asking: 'being asked', asked: 'shutting down', off: 'off', refused: 'cannot be asked' } as const;

function Guests({ guests }: { readonly guests: Step<'left over'>['quit']['guests'] }): ReactElement {
  return (
    <ul className="quit-guests" aria-label="Guests">
      {guests.map(({ uuid, name, step, reason }) => (
        <li key={uuid}>
          {step === 'off' ? <Check size={16} aria-hidden /> : step === 'refused' ? <CircleAlert size={16} aria-hidden /> : <LoaderCircle className="spinner" size={16} aria-hidden />}
          <span className="ellipsis" title={name}><bdi>{name}</bdi></span>
          <span className="quiet">{reason === null ? stepWords[step] : `${stepWords[step]}: ${reasonIn(reason)}`}</span>
        </li>
      ))}
    </ul>
  );
}

/** What somebody who has the input can do about it, or a watcher. */
import { Eye, Hand } from 'lucide-react';
import type { ReactElement } from 'react';
import { Button } from '../shared/button.tsx';
import { useDomain } from '../shared/session.ts';
import { HandOverMenu } from './hand-over-menu.tsx';
import { type InputPart, pressed } from './input-part.ts';

export function InputButtons({ part }: { readonly part: InputPart }): ReactElement | null {
  const { words, input, place, known: { sessionId, mode, asking, notice, request } } = part;
  const isRunning = useDomain(part.uuid)?.state !== 'shut off';
  if (sessionId === null || !isRunning || (place?.readOnly ?? null) !== null) return null;
  if (mode === 'write') {
    return (
      <>
        <HandOverMenu part={part} />
        <Button label="Release" icon={Eye} small busy={asking === 'release'} hint={words.releaseHint} onPress={pressed(part, () => input.release())} />
      </>
    );
  }
  if (notice?.what === 'taken-over') return null; // the line that tells so has the button
  const isFree = place !== null && place.writer === null;
  return (
    <>
      {!isFree && request?.state !== 'waiting' && <Button label="Request" icon={Hand} small busy={asking === 'request'} hint={words.requestHint} onPress={pressed(part, () => input.request())} />}
      <Button label={isFree ? words.take : 'Take over'} icon={words.icon} small kind="primary" busy={asking === 'take-over'} hint={isFree ? words.takeHint : words.takeOverHint} onPress={pressed(part, () => (isFree ? input.take() : input.takeOver()))} />
    </>
  );
}

/** What the guest's screen shows now, to look at, save or copy. The picture's room is there before the picture. */
import { Camera, Copy, Save } from 'lucide-react';
import { type ReactElement, useCallback, useEffect, useState } from 'react';
import { ToggleButton, ToggleButtonGroup } from 'react-aria-components';
import { type VireoError, asVireoError } from '../../core/base/errors.ts';
import type { DomainSummary } from '../../core/domain/domain-summary.ts';
import { Button } from './button.tsx';
import { AlertFrame } from './dialogs.tsx';
import { attempt, showNews } from './failure-toast.tsx';
import { useSession } from './session.ts';
import { adviceFor, sentenceFor } from '../words/errors.ts';
import { formatExact } from '../words/format.ts';
import { asPng } from './screenshot-picture.ts';

interface Shot {
  readonly png: string;
  readonly words: string;
  readonly atMs: number;
}

/** QEMU may have a large screen to compress. */
const screenMs = 30_000;
/** Somebody looks for a folder meanwhile. */
const dialogMs = 3_600_000;

export interface ScreenshotDialogProps {
  readonly summary: DomainSummary;
  readonly onClose: () => void;
}

export function ScreenshotDialog({ summary, onClose }: ScreenshotDialogProps): ReactElement {
  const { host } = useSession();
  const [screen, setScreen] = useState(0);
  const { shot, error, taking, take } = useShot(summary, screen);
  const screens = summary.devices.filter(({ kind }) => kind === 'video').length;
  const save = async (): Promise<void> => {
    if (!shot) return;
    const saved = await attempt('The screenshot was not saved', () => host.client.call('desktopSaveImage', { suggestedName: fileNameFor(summary.name, shot.atMs), image: shot.png }, { timeoutMs: dialogMs }));
    if (saved) showNews('Screenshot saved', saved.path);
  };
  const copy = async (): Promise<void> => {
    if (!shot) return;
    const done = await attempt('The screenshot was not copied', async () => {
      await host.client.call('desktopCopyImage', { image: shot.png });
      return true;
    });
    if (done) showNews('Screenshot copied');
  };
  return (
    <AlertFrame title={<>Screen of <bdi>{summary.name}</bdi></>} onClose={onClose}>
      {screens > 1 && (
        <ToggleButtonGroup className="toolbar" aria-label="Screen" selectionMode="single" disallowEmptySelection selectedKeys={[String(screen)]} onSelectionChange={(keys) => setScreen(Number([...keys][0] ?? 0))}>
          {Array.from({ length: screens }, (_, index) => <ToggleButton key={index} id={String(index)} className="button small toggle">Screen {index + 1}</ToggleButton>)}
        </ToggleButtonGroup>
      )}
      <div className="screenshot" aria-busy={taking}>
        {error ? <p role="alert">{sentenceFor(error)}. {adviceFor(error)}</p> : shot ? <img src={`data:image/png;base64,${shot.png}`} alt={`What ${summary.name} shows`} draggable={false} /> : <div className="skeleton" />}
      </div>
      <p className="quiet screenshot-words">{shot && !error ? `${shot.words}, ${formatExact(shot.atMs)}` : ' '}</p>
      <div className="dialog-buttons">
        <Button label={error ? 'Try again' : 'Take again'} icon={Camera} busy={taking} onPress={take} />
        <Button label="Copy" icon={Copy} disabled={!shot} onPress={() => void copy()} />
        <Button label="Save…" icon={Save} disabled={!shot} onPress={() => void save()} />
        <Button label="Close" kind="primary" autoFocus onPress={onClose} />
      </div>
    </AlertFrame>
  );
}

interface TakenShot {
  readonly shot: Shot | null;
  readonly error: VireoError | null;
  readonly taking: boolean;
  readonly take: () => void;
}

function useShot({ uuid }: DomainSummary, screen: number): TakenShot {
  const { host } = useSession();
  const [turn, setTurn] = useState(0);
  const [state, setState] = useState<{ readonly of: string; readonly shot: Shot | null; readonly error: VireoError | null }>({ of: '', shot: null, error: null });
  const wanted = `${screen}:${turn}`;
  useEffect(() => {
    const left = new AbortController();
    const take = async (): Promise<void> => {
      try {
        const taken = await host.client.call('domainScreenshot', { domain: uuid, screen }, { signal: left.signal, timeoutMs: screenMs });
        const png = await asPng(taken);
        if (!left.signal.aborted) setState({ of: wanted, shot: { png, words: `${taken.widthPixels} × ${taken.heightPixels}`, atMs: Date.now() }, error: null });
      } catch (thrown) {
        if (!left.signal.aborted) setState({ of: wanted, shot: null, error: asVireoError(thrown) });
      }
    };
    void take();
    return () => left.abort();
  }, [host, uuid, screen, wanted]);
  return { shot: state.shot, error: state.error, taking: state.of !== wanted, take: useCallback(() => setTurn((known) => known + 1), []) };
}

function fileNameFor(name: string, atMs: number): string {
  return `${name.slice(0, 100)}-${new Date(atMs).toISOString().slice(0, 19).replace('T', '-').replaceAll(':', '')}.png`;
}

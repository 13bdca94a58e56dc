/** What the guest shows now, who may look at it and how; where there is nothing to look at, why. */
import { Camera, Copy, Monitor, MonitorOff, TriangleAlert } from 'lucide-react';
import type { ReactElement, ReactNode } from 'react';
import type { DisplaySummary, DomainSummary } from '../../core/domain/domain-summary.ts';
import { Button } from '../shared/button.tsx';
import { Picture } from '../shared/picture.tsx';
import { useNow } from '../shared/use-now.ts';
import { domainActions } from '../store/domain-actions.ts';
import type { Thumbnail } from '../store/thumbnail-feed.ts';
import { type Display, clientsInWords, displayNames, elsewhere, hasScreen, listenInWords, passwordInWords, reachInWords, viewerCommand } from '../words/displays.ts';
import { formatElapsed } from '../words/format.ts';
import { visibleState } from '../words/states.ts';
import { useDisplays } from './use-displays.ts';
import { largeScreenPixels, useScreen } from './use-screen.ts';
import { useCommands } from './view-context.ts';

/** A graphics card comes with the display; the tablet is a pointer that is where the viewer's is. */
const vncElements = `<graphics type='vnc'/>
<input type='tablet' bus='usb'/>`;

export function DisplayTab({ summary }: { readonly summary: DomainSummary }): ReactElement {
  const { displays, error } = useDisplays(summary);
  const { copy } = useCommands();
  const hasDisplay = summary.devices.some(({ kind }) => kind === 'graphics');
  if (!hasDisplay && !hasScreen(summary)) {
    return (
      <Picture icon={MonitorOff} title="This domain has no display" text={<>Its guest has no graphics card, and nobody could look at one. The Consoles tab has its text. For a screen that Vireo shows, add this to the devices of its definition:</>}>
        <pre className="display-elements selectable">{vncElements}</pre>
        <Button label="Copy" icon={Copy} onPress={() => copy(vncElements, 'The definition of a display')} />
      </Picture>
    );
  }
  return (
    <div className="overview display-tab">
      <ScreenCard summary={summary} />
      {displays?.map((display, index) => <DisplayCard key={index} display={display} known={summary.displays[index]} />)}
      {!displays && hasDisplay && !error && <section className="card" aria-busy><div className="skeleton" style={{ width: '60%' }} /></section>}
      {!hasDisplay && (
        <section className="card" aria-label="Display">
          <h2>Display</h2>
          <p className="quiet">The guest has a graphics card, and no display that a viewer could connect to. Add <code>{"<graphics type='vnc'/>"}</code> to type and click in it, too.</p>
        </section>
      )}
      {error && !displays && <p className="notice warn" role="status"><TriangleAlert size={16} aria-hidden /><span>What is known of the displays was not read: {error.message}</span></p>}
    </div>
  );
}

function ScreenCard({ summary }: { readonly summary: DomainSummary }): ReactElement {
  const { openDialog, openDisplay } = useCommands();
  const screen = useScreen(summary, largeScreenPixels);
  const shown = summary.displays.find(({ unavailable }) => unavailable === null);
  const isOff = summary.id === null;
  return (
    <section className="card wide display-screen" aria-label="Screen">
      <div className="display-picture">
        <ScreenPicture summary={summary} screen={screen} />
      </div>
      <footer>
        <ScreenWords summary={summary} screen={screen} />
        <div>
          <Button label="Screenshot" icon={Camera} disabled={isOff || !hasScreen(summary)} hint="Takes a picture in its full size, to save or copy (virsh screenshot)." onPress={() => openDialog('screenshot', summary.uuid)} />
          <Button label="Open display" icon={Monitor} disabled={isOff || !shown} hint="Opens the screen in a window of its own, to type and click in." onPress={() => shown && openDisplay(summary.uuid, shown.index)} />
        </div>
      </footer>
    </section>
  );
}

function ScreenPicture({ summary, screen }: { readonly summary: DomainSummary; readonly screen: Thumbnail | null }): ReactElement {
  const { act, openDisplay } = useCommands();
  const now = useNow();
  const shown = summary.displays.find(({ unavailable }) => unavailable === null);
  if (screen) {
    return <img src={screen.url} alt={`What ${summary.name} shows`} draggable={false} onDoubleClick={() => shown && openDisplay(summary.uuid, shown.index)} />;
  }
  if (summary.id === null) {
    return (
      <Picture icon={MonitorOff} title="It is off" text="There is a picture once it runs.">
        {domainActions.start.applies(summary) && <Button label="Start" onPress={() => act('start', [summary.uuid])} />}
      </Picture>
    );
  }
  if (!hasScreen(summary)) return <Picture icon={MonitorOff} title="No graphics card" text="The guest has a display, and nothing that draws on it." />;
  if (visibleState(summary, now) === 'not answering') return <Picture icon={MonitorOff} title="No picture" text="QEMU does not answer." />;
  return <div className="skeleton" role="status" aria-label="Taking a picture of the screen" />;
}

/** A picture older than this is not what the guest shows now. */
const staleMs = 12_000;

function ScreenWords({ summary, screen }: { readonly summary: DomainSummary; readonly screen: Thumbnail | null }): ReactElement {
  const now = useNow();
  if (!screen) return <span className="quiet" />;
  const { screenWidthPixels, screenHeightPixels, atMs } = screen;
  const age = now - atMs;
  const held = summary.jobs.async === null ? 'QEMU does not answer, or somebody works with the domain' : 'a long job holds the domain';
  return (
    <span className="quiet">
      {screenWidthPixels} × {screenHeightPixels}
      {age > staleMs && <>, as it was {formatElapsed(age)} ago: {held}</>}
    </span>
  );
}

function DisplayCard({ display, known }: { readonly display: Display; readonly known: DisplaySummary | undefined }): ReactElement {
  const { copy } = useCommands();
  const command = viewerCommand(display);
  const why = elsewhere(display) ?? (known?.unavailable ? `Vireo cannot show it: ${known.unavailable}.` : null);
  const name = `${displayNames[display.type]} display`;
  const listens = display.type === 'vnc' || display.type === 'spice' || display.type === 'rdp';
  return (
    <section className="card wide" aria-label={name}>
      <h2>{name}</h2>
      {display.warning && <p className="notice warn display-warning" role="status"><TriangleAlert size={16} aria-hidden /><span>{sentence(display.warning)}</span></p>}
      {why && <p className="display-why">{why}</p>}
      <dl className="facts">
        {listens && <Fact name="Listens on" title={display.listen.on === 'socket' ? (display.listen.path ?? undefined) : undefined}>{listenInWords(display)}</Fact>}
        {listens && <Fact name="Reached by">{reachInWords(display)}</Fact>}
        {listens && <Fact name="Password">{passwordInWords(display)}</Fact>}
        {listens && display.reach !== 'private' && <Fact name="Encryption">{display.encryption}</Fact>}
        {known && known.sessions.length > 0 && <Fact name="Through Vireo">{known.sessions.map(({ label, mode }) => `${label} ${mode === 'write' ? 'has the input' : 'looks on'}`).join(', ')}</Fact>}
        {listens && display.listen.on !== 'nothing' && <Fact name="Connected">{clientsInWords(display) ?? <span className="quiet">— <span className="why">{display.uri === null ? 'it is off' : 'QEMU was not asked'}</span></span>}</Fact>}
        {command && (
          <Fact name="Another viewer">
            <span className="display-command">
              <code>{command}</code>
              <Button label="Copy the command line" icon={Copy} iconOnly small kind="bare" onPress={() => copy(command, 'The command line')} />
            </span>
          </Fact>
        )}
      </dl>
    </section>
  );
}

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

function Fact({ name, children, title }: { readonly name: string; readonly children: ReactNode; readonly title?: string | undefined }): ReactElement {
  return (
    <>
      <dt>{name}</dt>
      <dd className="selectable" title={title}>{children}</dd>
    </>
  );
}

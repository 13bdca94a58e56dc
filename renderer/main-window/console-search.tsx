/** Looks for a text in everything that all consoles have said, newest first; what is found opens where it stands. */
import { CaseSensitive, Regex, Search, SquareTerminal } from 'lucide-react';
import { type ReactElement, useEffect } from 'react';
import { Dialog, Input, ListBox, ListBoxItem, Modal, ModalOverlay, TextField, ToggleButton } from 'react-aria-components';
import { useStore } from 'zustand';
import { Button } from '../shared/button.tsx';
import { attempt } from '../shared/failure-toast.tsx';
import { HitLine, timeOfHit } from '../shared/hit-line.tsx';
import { SearchStatus } from '../shared/search-status.tsx';
import { useNow } from '../shared/use-now.ts';
import { useSession } from '../shared/session.ts';
import { useReturnFocus } from '../shared/use-return-focus.ts';
import { type ConsolesHit, type ConsolesSearch, changeQuery, consoleSearch, searchConsoles } from '../store/console-search-store.ts';
import { hostKey } from '../store/view-store.ts';
import { formatExact, plural } from '../words/format.ts';
import { useView } from './view-context.ts';

/** Ctrl+Shift+F opens it from everywhere. */
export function ConsoleSearch(): ReactElement | null {
  const isOpen = useStore(consoleSearch, (state) => state.isOpen);
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (!(event.ctrlKey || event.metaKey) || !event.shiftKey || event.altKey || event.key.toLowerCase() !== 'f') return;
      event.preventDefault();
      consoleSearch.setState({ isOpen: true });
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, []);
  return isOpen ? <SearchDialog onClose={() => consoleSearch.setState({ isOpen: false })} /> : null;
}

function SearchDialog({ onClose }: { readonly onClose: () => void }): ReactElement {
  useReturnFocus();
  const search = useStore(consoleSearch, (state) => state.search);
  return (
    <ModalOverlay className="scrim search-scrim" isOpen isDismissable onOpenChange={(open) => !open && onClose()}>
      <Modal className="dialog-frame search-frame">
        <Dialog className="console-search" aria-label="Search consoles">
          <SearchFields />
          {search ? <Results key={keyOf(search)} search={search} /> : <Hint />}
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}

function SearchFields(): ReactElement {
  const { host } = useSession();
  const query = useStore(consoleSearch, (state) => state.query);
  const selected = useView((state) => state.selected);
  const chosen = [...selected].filter((key) => key !== hostKey);
  const start = (): void => void attempt('Nothing was searched', async () => searchConsoles(consoleSearch, host.client));
  return (
    <div className="search-fields" role="search">
      <Search size={16} aria-hidden />
      <TextField
        className="search-text"
        aria-label="Text to find"
        autoFocus
        value={query.pattern}
        maxLength={1_000}
        onChange={(pattern) => changeQuery(consoleSearch, { pattern })}
        onKeyDown={(event) => {
          if (event.key === 'Enter') start();
          else if (event.key === 'ArrowDown') document.querySelector<HTMLElement>('.consoles-found [role="option"]')?.focus();
          else event.continuePropagation(); // Escape closes the dialog
        }}
      >
        <Input placeholder="Search everything that consoles have said" spellCheck={false} onFocus={(event) => event.target.select()} />
      </TextField>
      {chosen.length > 0 && (
        <ToggleButton className="button small" isSelected={query.domains.length > 0} onChange={(isOn) => changeQuery(consoleSearch, { domains: isOn ? chosen : [] })}>
          {chosen.length === 1 ? 'Selected domain only' : `${plural(chosen.length, 'selected domain')} only`}
        </ToggleButton>
      )}
      <ToggleButton className="button bare icon small" aria-label="Match case" isSelected={query.caseSensitive} onChange={(caseSensitive) => changeQuery(consoleSearch, { caseSensitive })}>
        <CaseSensitive size={16} aria-hidden />
      </ToggleButton>
      <ToggleButton className="button bare icon small" aria-label="Regular expression" isSelected={query.isRegex} onChange={(isRegex) => changeQuery(consoleSearch, { isRegex })}>
        <Regex size={16} aria-hidden />
      </ToggleButton>
      <Button label="Search" kind="primary" small disabled={query.pattern === ''} onPress={start} />
    </div>
  );
}

function Hint(): ReactElement {
  return (
    <div className="picture">
      <SquareTerminal size={32} strokeWidth={1.25} aria-hidden />
      <h2>Search consoles</h2>
      <p>Finds lines in the logs of all consoles, also of domains that do not run now. Enter searches.</p>
    </div>
  );
}

let searches = 0;
const keys = new WeakMap<ConsolesSearch, number>();
/** A new search begins at the top of a new list. */
function keyOf(search: ConsolesSearch): number {
  const key = keys.get(search) ?? (searches += 1);
  keys.set(search, key);
  return key;
}

function Results({ search }: { readonly search: ConsolesSearch }): ReactElement {
  const { host } = useSession();
  const state = useStore(search.store);
  const now = useNow();
  const problems = state.page?.problems ?? [];
  const open = ({ domain, console, offset, fromMs, toMs }: ConsolesHit): void =>
    void attempt(`The console of ${domain.name} was not shown`, () => host.client.call('desktopShowConsoleAt', { uuid: domain.uuid, device: console.alias, offset, atMs: fromMs ?? toMs }));
  return (
    <div className="consoles-found">
      {state.hits.length > 0 ? (
        <ListBox
          className="hits"
          aria-label="Lines found"
          selectionMode="none"
          items={state.hits.map((hit, index) => ({ hit, id: String(index) }))}
          onAction={(key) => {
            const hit = state.hits[Number(key)];
            if (hit) open(hit);
          }}
        >
          {({ hit, id }) => <Hit id={id} hit={hit} now={now} />}
        </ListBox>
      ) : <div className="hits" />}
      {problems.length > 0 && <p className="search-problems bad-words ellipsis" title={problems.map(({ domain, device, reason }) => `${domain} / ${device}: ${reason}`).join('\n')}>{plural(problems.length, 'console')} could not be searched: {problems[0]!.reason}</p>}
      <SearchStatus state={state} nothing="No console has said that." onMore={() => void search.more()} onCancel={() => search.cancel()} />
    </div>
  );
}

function Hit({ id, hit, now }: { readonly id: string; readonly hit: ConsolesHit; readonly now: number }): ReactElement {
  const { domain, console, fromMs, toMs } = hit;
  const at = fromMs ?? toMs;
  return (
    <ListBoxItem id={id} className="hit" textValue={`${domain.name} ${console.label} ${hit.line}`}>
      <span className="hit-time quiet" title={at === null ? undefined : formatExact(at)}>{timeOfHit(hit, now)}</span>
      <span className="hit-where ellipsis"><bdi>{domain.name}</bdi> <span className="quiet">/</span> <span className="mono quiet">{console.label}</span></span>
      <HitLine hit={hit} />
    </ListBoxItem>
  );
}

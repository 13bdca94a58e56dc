/** Which console shall stand in the new tab, pane or window: all that running domains have, found by typing. */
import { Search, SquareTerminal } from 'lucide-react';
import { type ReactElement, useState } from 'react';
import { Autocomplete, Dialog, Heading, Input, ListBox, ListBoxItem, Modal, ModalOverlay, SearchField, Text, useFilter } from 'react-aria-components';
import { useStore } from 'zustand';
import { panesOf } from '../../core/api/console-layout.ts';
import { isActiveState } from '../../core/domain/domain-state.ts';
import type { ConsoleSummary, DomainSummary } from '../../core/domain/domain-summary.ts';
import { CheckBox } from '../shared/check-box.tsx';
import { attempt } from '../shared/failure-toast.tsx';
import { useHost, useSession } from '../shared/session.ts';
import { domainsOf } from '../store/host-store.ts';
import { consoleInWords, isForPeople } from '../words/consoles.ts';
import { type OpenPlace, useConsoleWindow } from './console-context.ts';
import { type ConsoleChoice, addTab, focusPane, splitPane } from './layout-tree.ts';
import { useReturnToTerminal } from './use-return-to-terminal.ts';

const titles: Readonly<Record<OpenPlace, string>> = { tab: 'Open in a new tab', right: 'Open to the right', down: 'Open below', window: 'Open in a new window' };

export function ConsoleChooser(): ReactElement | null {
  const { chooser } = useConsoleWindow();
  const place = useStore(chooser, (state) => state.place);
  return place === null ? null : <Chooser place={place} />;
}

interface Offered {
  readonly domain: DomainSummary;
  readonly console: ConsoleSummary;
}

function Chooser({ place }: { readonly place: OpenPlace }): ReactElement {
  const { chooser } = useConsoleWindow();
  const [watchOnly, setWatchOnly] = useState(false);
  const { contains } = useFilter({ sensitivity: 'base' });
  const domains = useHost(domainsOf);
  const offered = [...domains.values()].filter((domain) => isActiveState(domain.state)).sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true })).flatMap(consolesOf);
  const open = useOpen(place, watchOnly);
  const close = (): void => chooser.setState({ place: null });
  useReturnToTerminal();
  return (
    <ModalOverlay className="scrim top" isOpen isDismissable onOpenChange={(isOpen) => !isOpen && close()}>
      <Modal className="dialog-frame">
        <Dialog className="chooser">
          <Heading slot="title" level={2}>{titles[place]}</Heading>
          {/* Each word may stand anywhere: "web hvc" finds hvc0 of web-1. */}
          <Autocomplete filter={(text, typed) => typed.split(/\s+/).every((word) => contains(text, word))}>
            <SearchField className="chooser-search" aria-label="Console" autoFocus>
              <Search size={16} aria-hidden />
              <Input placeholder="Domain or device" />
            </SearchField>
            <ListBox className="chooser-list" aria-label="Consoles" renderEmptyState={() => <p className="quiet">{offered.length === 0 ? 'No domain runs, so that there is no console to open.' : 'No console has such a name.'}</p>} onAction={(key) => {
              const chosen = offered.find((each) => keyOf(each) === key);
              close();
              if (chosen) open(chosen);
            }}>
              {offered.map((each) => <Row key={keyOf(each)} offered={each} />)}
            </ListBox>
          </Autocomplete>
          <CheckBox label="Watch only" isSelected={watchOnly} onChange={setWatchOnly} />
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}

function Row({ offered }: { readonly offered: Offered }): ReactElement {
  const { domain, console } = offered;
  const isHere = useIsHere()(offered);
  return (
    <ListBoxItem id={keyOf(offered)} className="chooser-row" textValue={`${domain.name} / ${console.label} ${console.kind} ${console.alias}`}>
      <SquareTerminal size={16} aria-hidden />
      <Text slot="label" className="ellipsis"><bdi>{domain.name}</bdi> <span className="quiet">/</span> <span className="mono">{console.label}</span></Text>
      <Text slot="description" className="quiet ellipsis">{isHere ? 'in this window' : consoleInWords(console)}</Text>
    </ListBoxItem>
  );
}

const keyOf = ({ domain, console }: Offered): string => `${domain.uuid}/${console.alias}`;

/** Terminals first; a channel can be read too, but seldom by a person. */
function consolesOf(domain: DomainSummary): Offered[] {
  const isTerminal = (console: ConsoleSummary): boolean => console.kind === 'serial' || console.kind === 'console';
  const others = domain.consoles.filter((each) => !isTerminal(each) && isForPeople(each));
  return [...domain.consoles.filter(isTerminal), ...others].map((console) => ({ domain, console }));
}

function useIsHere(): (offered: Offered) => boolean {
  const { layout, pane } = useConsoleWindow();
  const panes = panesOf(useStore(layout));
  return ({ domain, console }) => panes.some((each) => each.uuid === domain.uuid && aliasOf(each.device, pane(each.id)) === console.alias);
}

type Opened = ReturnType<ReturnType<typeof useConsoleWindow>['pane']>;
const aliasOf = (device: string | null, parts: Opened): string | null => device ?? parts?.session.store.getState().alias ?? null;

/** Opens what was chosen; a console that this window shows already is gone to. */
function useOpen(place: OpenPlace, watchOnly: boolean): (chosen: Offered) => void {
  const { layout, pane } = useConsoleWindow();
  const { host } = useSession();
  return ({ domain, console }) => {
    const choice: ConsoleChoice = { uuid: domain.uuid, device: console.alias, mode: watchOnly ? 'watch' : 'write' };
    if (place === 'window') return void attempt('The console was not opened', () => host.client.call('desktopOpenConsole', choice));
    const known = panesOf(layout.getState()).find((each) => each.uuid === domain.uuid && aliasOf(each.device, pane(each.id)) === console.alias);
    if (known) layout.setState((state) => focusPane(state, known.id), true);
    else layout.setState((state) => (place === 'tab' ? addTab(state, choice) : splitPane(state, place, choice)), true);
  };
}

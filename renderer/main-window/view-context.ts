/** The main window's view, and what its buttons do, for every component below. */
import { createContext, useContext, useMemo } from 'react';
import { useStore } from 'zustand';
import { panesOf } from '../../core/api/console-layout.ts';
import { invariant } from '../../core/base/errors.ts';
import { attempt } from '../shared/failure-toast.tsx';
import { type Session, useSession } from '../shared/session.ts';
import { type DomainAction, domainActions } from '../store/domain-actions.ts';
import type { ViewState, ViewStore } from '../store/view-store.ts';
import { tabsOfConsoles } from './consoles-together.ts';
import type { KeyCombination } from './send-keys.ts';

export const ViewContext = createContext<ViewStore | null>(null);

export function useViewStore(): ViewStore {
  const view = useContext(ViewContext);
  invariant(view, 'a component is used outside the main window');
  return view;
}

export function useView<T>(select: (state: ViewState) => T): T {
  return useStore(useViewStore(), select);
}

export interface Commands {
  /** Does `action`, or asks first where it may lose something. */
  readonly act: (action: DomainAction, uuids: readonly string[]) => void;
  /** Opens one more window; `existing` goes to the one that shows it where there is one, `watch` never writes by itself. */
  readonly openConsole: (uuid: string, device: string | null, how?: 'new' | 'existing' | 'watch') => void;
  /** Opens one window with a tab for the first console of each. */
  readonly openConsolesTogether: (uuids: readonly string[]) => void;
  /** Opens a window on a display, by its place among those of the definition. */
  readonly openDisplay: (uuid: string, display: number) => void;
  readonly openDialog: (kind: 'screenshot' | 'dump' | 'save', uuid: string) => void;
  readonly copy: (text: string, what: string) => void;
  readonly sendKeys: (uuid: string, combination: KeyCombination) => void;
  readonly setAutostart: (uuids: readonly string[], autostart: boolean) => void;
}

export function useCommands(): Commands {
  const session = useSession();
  const view = useViewStore();
  return useMemo(() => createCommands(session, view), [session, view]);
}

function createCommands({ host, actions }: Session, view: ViewStore): Commands {
  return {
    act(action, uuids) {
      if (domainActions[action].lossy) view.setState({ question: { action, uuids } });
      else for (const uuid of uuids) void actions.run(uuid, action);
    },
    openConsole(uuid, device, how = 'new') {
      const name = host.domain(uuid)?.name ?? uuid;
      void attempt(`The console of ${name} was not opened`, () => host.client.call('desktopOpenConsole', { uuid, device, mode: how === 'watch' ? 'watch' : 'write', where: how === 'existing' ? 'existing' : 'new' }));
    },
    openConsolesTogether(uuids) {
      const layout = tabsOfConsoles(uuids.flatMap((uuid) => host.domain(uuid) ?? []));
      const [first] = layout ? panesOf(layout) : [];
      if (first) void attempt('The consoles were not opened', () => host.client.call('desktopOpenConsole', { uuid: first.uuid, device: first.device, layout }));
    },
    openDisplay(uuid, display) {
      const name = host.domain(uuid)?.name ?? uuid;
      void attempt(`The display of ${name} was not opened`, () => host.client.call('desktopOpenDisplay', { uuid, display }));
    },
    openDialog(kind, uuid) {
      view.setState({ dialog: { kind, uuid } });
    },
    sendKeys(uuid, { label, keys }) {
      const name = host.domain(uuid)?.name ?? uuid;
      void attempt(`${label} was not sent to ${name}`, () => host.client.call('domainSendKey', { domain: uuid, keys: [...keys] }));
    },
    setAutostart(uuids, autostart) {
      for (const uuid of uuids) {
        const name = host.domain(uuid)?.name ?? uuid;
        void attempt(`${name} is still ${autostart ? 'not started' : 'started'} with the session`, () => host.client.call('domainSetAutostart', { domain: uuid, autostart }));
      }
    },
    copy(text, what) {
      void attempt(`${what} was not copied`, () => host.client.call('desktopWriteClipboard', { text }));
    },
  };
}

/** Connects and draws the main window. */
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';
import { ViewContext } from './view-context.ts';
import { SessionContext, createSession } from '../shared/session.ts';
import { createViewStore, show } from '../store/view-store.ts';

const session = createSession('main window');
const view = createViewStore(domainIn(location.search));
// An open window is pointed at a domain by a change of its hash, which keeps what it holds.
window.addEventListener('hashchange', () => {
  const uuid = domainIn(location.hash.slice(1));
  if (!uuid) return;
  show(view, uuid);
  // Taken out again, so that the same domain can be asked for a second time: an unchanged address would load anew.
  history.replaceState(null, '', location.pathname + location.search);
});

function domainIn(query: string): string | null {
  return new URLSearchParams(query).get('domain');
}

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <SessionContext value={session}>
      <ViewContext value={view}>
        <App />
      </ViewContext>
    </SessionContext>
  </StrictMode>,
);

/** The main window's page. `?domain=<uuid>` shows that domain first. */
import './before-all.ts';
import './theme/tokens.css';
import './theme/base.css';
import './theme/controls.css';
import './main-window/main-window.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './main-window/app.tsx';
import { ViewContext } from './main-window/view-context.ts';
import { SessionContext, createSession } from './shared/session.ts';
import { createViewStore, show } from './store/view-store.ts';

const session = createSession('main window');
const view = createViewStore(new URLSearchParams(location.search).get('domain'));
// An open window is pointed at a domain by its address alone: `#<uuid>`.
window.addEventListener('hashchange', () => location.hash.length > 1 && show(view, location.hash.slice(1)));

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <SessionContext value={session}>
      <ViewContext value={view}>
        <App />
      </ViewContext>
    </SessionContext>
  </StrictMode>,
);

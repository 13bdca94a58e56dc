/** A console window's page: `?domain=<uuid>&device=<alias>&number=<n>`. */
import './before-all.ts';
import '@xterm/xterm/css/xterm.css';
import './theme/tokens.css';
import './theme/base.css';
import './theme/controls.css';
import './console-window/console-window.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { ConsoleContext } from './console-window/console-context.ts';
import { ConsoleWindow } from './console-window/console-window.tsx';
import { consoleAddress, createConsole } from './console-window/create-console.ts';
import { SessionContext, createSession } from './shared/session.ts';

const address = consoleAddress(location.search);
const session = createSession('console window');
const parts = createConsole(session, address);

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <SessionContext value={session}>
      <ConsoleContext value={parts}>
        <ConsoleWindow />
      </ConsoleContext>
    </SessionContext>
  </StrictMode>,
);

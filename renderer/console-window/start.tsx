/** Connects and draws a console window. */
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { ConsoleWindowContext } from './console-context.ts';
import { ConsoleWindow } from './console-window.tsx';
import { createConsoleWindow } from './create-window.ts';
import { consoleAddress } from './layout-store.ts';
import { SessionContext, createSession } from '../shared/session.ts';

const session = createSession('console window');
const parts = createConsoleWindow(session, consoleAddress(location.search));

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <SessionContext value={session}>
      <ConsoleWindowContext value={parts}>
        <ConsoleWindow />
      </ConsoleWindowContext>
    </SessionContext>
  </StrictMode>,
);

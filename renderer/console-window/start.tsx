/** Connects and draws a console window. */
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { ConsoleContext } from './console-context.ts';
import { ConsoleWindow } from './console-window.tsx';
import { consoleAddress, createConsole } from './create-console.ts';
import { SessionContext, createSession } from '../shared/session.ts';

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

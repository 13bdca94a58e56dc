/** Connects and draws a display window. */
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { SessionContext, createSession } from '../shared/session.ts';
import { createDisplay, displayAddress } from './create-display.ts';
import { DisplayContext } from './display-context.ts';
import { DisplayWindow } from './display-window.tsx';

const session = createSession('display window');
const parts = createDisplay(session, displayAddress(location.search));

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <SessionContext value={session}>
      <DisplayContext value={parts}>
        <DisplayWindow />
      </DisplayContext>
    </SessionContext>
  </StrictMode>,
);

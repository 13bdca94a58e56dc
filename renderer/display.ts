/** A display window's page: `?domain=<uuid>&display=<index>&number=<n>`. */
import './before-all.ts';
import './theme/tokens.css';
import './theme/base.css';
import './theme/controls.css';
import './theme/presence.css';
import './theme/screenshot.css';
import './display-window/display-window.css';

// Bundled modules that are imported here may run before `before-all` does, whatever their order; a later import cannot.
void import('./display-window/start.tsx');

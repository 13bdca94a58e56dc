/** A console window's page: `?domain=<uuid>&device=<alias>&number=<n>`. */
import './before-all.ts';
import '@xterm/xterm/css/xterm.css';
import './theme/tokens.css';
import './theme/base.css';
import './theme/controls.css';
import './theme/fields.css';
import './theme/search.css';
import './theme/triggers.css';
import './theme/presence.css';
import './console-window/console-window.css';
import './console-window/terminal-tools.css';

// Bundled modules that are imported here may run before `before-all` does, whatever their order; a later import cannot.
void import('./console-window/start.tsx');

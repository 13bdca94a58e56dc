/** The main window's page. `?domain=<uuid>` shows that domain first, `#domain=<uuid>` from then on. */
import './before-all.ts';
import './theme/tokens.css';
import './theme/base.css';
import './theme/controls.css';
import './theme/fields.css';
import './theme/search.css';
import './theme/triggers.css';
import './theme/screenshot.css';
import './main-window/main-window.css';
import './main-window/sidebar.css';
import './main-window/definitions.css';
import './main-window/timeline.css';
import './main-window/overview.css';
import './main-window/display.css';
import './migration/migration.css';

// Bundled modules that are imported here may run before `before-all` does, whatever their order; a later import cannot.
void import('./main-window/start.tsx');

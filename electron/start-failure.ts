/** How the app says that it cannot start: one clear line, and a dialog where somebody sees it. */
import { app, dialog } from 'electron';
import { asVireoError } from '../core/base/errors.ts';

/** Tells why and ends the app with exit code 1. VIREO_NO_DIALOGS=1 leaves the dialog out, for tests and scripts. */
export function failToStart(error: unknown): void {
  const { message } = asVireoError(error);
  process.stderr.write(`vireo: cannot start: ${message}\n`);
  if (process.env['VIREO_NO_DIALOGS'] !== '1') dialog.showErrorBox('Vireo cannot start', message);
  app.exit(1);
}

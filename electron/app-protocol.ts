/** Serves the built pages as app://vireo/, an origin of its own: no file:// address, no port. */
import { readFile } from 'node:fs/promises';
import { protocol } from 'electron';
import { commonHeaders, resolveAppFile } from './app-files.ts';

/** Must run before the app is ready. */
export function registerAppScheme(): void {
  protocol.registerSchemesAsPrivileged([{ scheme: 'app', privileges: { standard: true, secure: true, supportFetchAPI: false } }]);
}

/** Serves the files below `folder`. Must run once the app is ready and before the first window. */
export function serveAppFiles(folder: string): void {
  protocol.handle('app', async (request) => {
    const file = request.method === 'GET' ? resolveAppFile(folder, request.url) : null;
    const content = file && (await readFile(file.path).catch(() => null));
    if (!file || !content) return new Response('not found', { status: 404, headers: { ...commonHeaders, 'content-type': 'text/plain' } });
    return new Response(new Uint8Array(content), { headers: file.headers });
  });
}

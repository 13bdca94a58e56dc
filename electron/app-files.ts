/**
 * Which file an app:// address names, and the headers it is sent with. The windows see nothing but the files of the
 * built pages: whatever else an address tries to reach is not found.
 */
import path from 'node:path';

export const appOrigin = 'app://vireo';

/** xterm and sonner put style elements into the page without a nonce, so styles may be inline; scripts may not. */
export const contentPolicy =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self'; connect-src 'none'";

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
};

export interface AppFile {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Headers of every answer, also of a refusal. */
export const commonHeaders: Readonly<Record<string, string>> = {
  'content-security-policy': contentPolicy,
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store', // files come from the disk; a cached page of an older build would only confuse
};

/** The file below `folder` that `address` names, or null where it names none that a window may have. */
export function resolveAppFile(folder: string, address: string): AppFile | null {
  if (!URL.canParse(address)) return null;
  const url = new URL(address);
  if (url.protocol !== 'app:' || url.host !== 'vireo') return null;
  const name = decodePath(url.pathname);
  if (name === null || name.includes('\0') || name.includes('\\')) return null;
  const file = path.join(folder, name === '/' ? 'index.html' : name);
  if (!file.startsWith(folder + path.sep)) return null; // `..`, also when it was written as %2e%2e
  const type = types[path.extname(file).toLowerCase()];
  return type === undefined ? null : { path: file, headers: { ...commonHeaders, 'content-type': type } };
}

/** True for an address of one of our own pages. */
export function isAppPage(address: string): boolean {
  if (!URL.canParse(address)) return false;
  const url = new URL(address);
  return url.protocol === 'app:' && url.host === 'vireo';
}

function decodePath(encoded: string): string | null {
  try {
    return decodeURIComponent(encoded);
  } catch {
    return null;
  }
}

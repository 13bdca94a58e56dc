import { expect, test } from 'vitest';
import { stateLayout } from '../core/status/state-folder.ts';
import { screenlessCommand } from './hand-over.ts';

const options = { layout: stateLayout('/state', 'linux'), packaged: false, sandbox: true, appFolder: '/app', env: {} };
const command = ['/app/dist/vireo.cjs', 'host', '--home', '/state'];

test('a checkout serves with the Node that started it, or with Electron as Node', () => {
  expect(screenlessCommand({ ...options, env: { VIREO_NODE: '/node' } })).toEqual({ program: '/node', args: command, env: { VIREO_NODE: '/node' } });
  expect(screenlessCommand(options)).toEqual({ program: process.execPath, args: command, env: { ELECTRON_RUN_AS_NODE: '1' } });
});

test('a package serves with its own binary and no screen, with the sandbox as the app had it', () => {
  const args = ['--host', '--home=/state', '--ozone-platform=headless'];
  expect(screenlessCommand({ ...options, packaged: true })).toEqual({ program: process.execPath, args, env: {} });
  expect(screenlessCommand({ ...options, packaged: true, sandbox: false }).args).toEqual([...args, '--no-sandbox']);
});

import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { maximumSocketPathBytes } from '../transport/open-socket.ts';
import { prepareStateFolder, resolveStateFolder, runFolder, stateLayout } from './state-folder.ts';

const uuid = '6695eb01-f6a4-8304-79aa-97f2502e193f';

describe('the state folder', () => {
  test('is the one named, then VIREO_HOME, then the platform’s', () => {
    const on = (platform: NodeJS.Platform, env: Record<string, string>, option?: string): string => resolveStateFolder({ option, env, platform, home: '/home/u' });
    expect({
      option: on('linux', { VIREO_HOME: '/b', XDG_STATE_HOME: '/c' }, '/a'),
      variable: on('linux', { VIREO_HOME: '/b', XDG_STATE_HOME: '/c' }),
      xdg: on('linux', { XDG_STATE_HOME: '/c' }),
      relativeXdg: on('linux', { XDG_STATE_HOME: 'c' }),
      linux: on('linux', { VIREO_HOME: '' }),
      macOS: on('darwin', {}),
      windows: on('win32', { LOCALAPPDATA: '/local' }),
    }).toEqual({
      option: '/a',
      variable: '/b',
      xdg: '/c/vireo',
      relativeXdg: '/home/u/.local/state/vireo',
      linux: '/home/u/.local/state/vireo',
      macOS: '/home/u/Library/Application Support/Vireo',
      windows: '/local/Vireo',
    });
  });

  test('is refused where its sockets would not fit, with the way out', () => {
    const root = `/${'d'.repeat(73)}`;
    const longest = path.join(runFolder(stateLayout(root, 'linux'), uuid), 'c-console123');
    expect(Buffer.byteLength(longest)).toBe(maximumSocketPathBytes);
    expect(() => stateLayout(`${root}d`, 'linux')).toThrow('has 75 bytes of at most 74; choose a shorter one with --home or VIREO_HOME');
  });

  test('has a pipe for its socket on Windows', () => {
    expect(stateLayout('/Vireo', 'win32').socket).toMatch(/^\\\\\.\\pipe\\vireo-[0-9a-f]{8}$/);
  });

  test('is the user’s alone, also when it was there before', async () => {
    const root = await mkdtemp('/tmp/vireo-');
    try {
      const layout = stateLayout(root);
      await mkdir(layout.run, { mode: 0o755 });
      await prepareStateFolder(layout);
      const modes = await Promise.all([root, layout.domains, layout.status, layout.run, layout.logs, layout.capabilities].map(async (folder) => (await stat(folder)).mode & 0o777));
      expect(modes).toEqual([0o700, 0o700, 0o700, 0o700, 0o700, 0o700]);
    } finally {
      await rm(root, { recursive: true });
    }
  });

  test('gives each domain a run folder that does not depend on how its UUID is written', () => {
    const layout = stateLayout('/s', 'linux');
    expect(runFolder(layout, uuid.toUpperCase())).toBe(runFolder(layout, uuid));
    expect(runFolder(layout, uuid)).toMatch(/^\/s\/run\/[0-9a-f]{8}$/);
  });
});

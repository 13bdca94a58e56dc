import { expect, test } from 'vitest';
import { VireoError } from '../base/errors.ts';
import { type Action, actionEntry } from './action-entry.ts';

const marker = 'MARKER-PASSWORD-71c9';
const call = { owner: 'remoteDispatchDomainX', client: 'window 1' };

function kept(method: string, params: Action['params'], error?: unknown): ReturnType<typeof actionEntry> {
  return actionEntry({ method, call, params, durationMs: 12.4, error });
}

test('an action keeps who asked, what became of it, and the parameters that say how', () => {
  expect(kept('domainDestroy', { domain: 'web', graceful: true })).toEqual({
    kind: 'action', what: 'domainDestroy', details: { graceful: true }, by: call, outcome: { ok: true, durationMs: 12, error: null },
  });
  expect(kept('domainShutdown', { domain: 'web', mode: 'default' }, new VireoError('RESOURCE_BUSY', 'held')).outcome).toEqual({ ok: false, durationMs: 12, error: { code: 'RESOURCE_BUSY', message: 'resource busy: held' } });
});

test('passwords, keys, commands and files are never kept, whatever the method', () => {
  const error = new VireoError('OPERATION_FAILED', `could not parse ${marker}`);
  const entries = [
    kept('domainSetUserPassword', { domain: 'web', user: 'root', password: marker }, error),
    kept('secretSetValue', { uuid: 'x', value: marker }),
    kept('qemuDomainMonitorCommand', { domain: 'web', command: `{"execute":"set_password","arguments":{"password":"${marker}"}}` }, error),
    kept('qemuDomainMonitorCommand', { domain: 'web', hmp: true, command: `set_password vnc ${marker}` }, error),
    kept('qemuDomainAgentCommand', { domain: 'web', command: `{"execute":"guest-set-user-password","arguments":{"password":"${marker}"}}` }, error),
    kept('domainAuthorizedSSHKeysSet', { domain: 'web', user: 'root', keys: [marker] }, error),
    kept('domainGuestExec', { domain: 'web', program: 'sh', arguments: ['-c', marker], environment: [`X=${marker}`], input: marker }, error),
    kept('domainDefineXML', { xml: `<secret>${marker}</secret>` }),
    kept('domainWhateverComes', { domain: 'web', somethingNew: marker, nested: { password: marker } }),
  ];
  expect(JSON.stringify(entries)).not.toContain(marker);
  expect(entries[2]?.details).toEqual({ command: 'set_password' });
  expect(entries[3]?.details).toEqual({ hmp: true, command: 'set_password' });
  expect(entries[4]?.details).toEqual({ command: 'guest-set-user-password' });
});

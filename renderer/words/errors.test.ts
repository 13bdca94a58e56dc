import { describe, expect, it } from 'vitest';
import { VireoError } from '../../core/base/errors.ts';
import { adviceFor, holdersOf, refusalOfQemu, xmlPositionOf } from './errors.ts';

describe('errors in words', () => {
  it('names the holders of a refusal with the wall clock time', () => {
    const holders = [{ slot: 'sync', kind: 'modify', owner: 'remoteDispatchDomainCreate', client: 'window 1', sinceWallMs: 1_000, ageMs: 5 }];
    expect(holdersOf(new VireoError('OPERATION_TIMEOUT', 'held', { details: { wanted: 'modify', holders, waiting: 1 } }))).toEqual([
      { kind: 'modify', owner: 'remoteDispatchDomainCreate', client: 'window 1', sinceMs: 1_000 },
    ]);
  });

  it('finds no holder in an error about something else', () => {
    expect(holdersOf(new VireoError('OPERATION_FAILED', 'no', { details: { holder: 'window 2' } }))).toEqual([]);
  });

  it('tells a QEMU that refused to start from a fault in Vireo', () => {
    const refused = new VireoError('INTERNAL_ERROR', 'process exited', { details: { ending: 'exit code 1', stderr: 'no such machine' } });
    expect([refusalOfQemu(refused), adviceFor(refused)]).toEqual([{ ending: 'exit code 1', words: 'no such machine' }, expect.stringContaining('Log tab')]);
    const fault = new VireoError('INTERNAL_ERROR', 'a slot was freed twice');
    expect([refusalOfQemu(fault), adviceFor(fault)]).toEqual([null, expect.stringContaining('fault in Vireo')]);
  });

  it('finds the line of a definition that is wrong, and the element where it is named', () => {
    const positions = [{ line: 12, column: 3, element: 'disk' }, { line: 4, path: 'domain/name' }, { path: '/x' }].map((details) => xmlPositionOf(new VireoError('XML_ERROR', 'x', { details })));
    expect(positions).toEqual([{ line: 12, element: 'disk' }, { line: 4, element: 'domain/name' }, null]);
  });
});

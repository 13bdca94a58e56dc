import { describe, expect, it } from 'vitest';
import { VireoError } from '../../core/base/errors.ts';
import { adviceFor, holdersOf, imageRefusalIn, missingFrom, refusalOfQemu, sentenceFor, xmlPositionOf } from './errors.ts';

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

  it('is a sentence without the opening words that its title has already, and keeps those that say something', () => {
    const sentences = [new VireoError('OPERATION_FAILED', 'domain is paused'), new VireoError('XML_ERROR', '(domain_definition):6: unexpected close tag.'), new VireoError('OPERATION_FAILED', "'/a.img' does not exist"), new VireoError('INTERNAL_ERROR', 'a slot was freed twice')].map(sentenceFor);
    expect(sentences).toEqual(['Domain is paused', 'Unexpected close tag.', "'/a.img' does not exist", 'Internal error: a slot was freed twice']);
  });

  it('names who has an image, by what they left behind', () => {
    const holder = { domain: { name: 'web', uuid: 'u' }, pid: 7, hostName: 'rack', stateFolder: '/s', sinceMs: 5 };
    const refusals = [{ image: '/a', target: 'vda', holder }, { image: '/a', target: 'vda', holder: { pid: 9 } }, { image: '/a', target: 'vda', holder: null }].map((details) => imageRefusalIn(new VireoError('RESOURCE_BUSY', 'x', { details })));
    expect(refusals).toEqual([
      { image: '/a', target: 'vda', holder: { name: 'web', uuid: 'u', pid: 7, hostName: 'rack', stateFolder: '/s', sinceMs: 5 } },
      { image: '/a', target: 'vda', holder: { name: null, uuid: null, pid: 9, hostName: null, stateFolder: null, sinceMs: null } },
      null,
    ]);
  });

  it('lists all that this computer lacks for a run', () => {
    const lacking = new VireoError('OPERATION_FAILED', 'the domain cannot run on this host: a; b', { details: { missing: ['a', 'b'] } });
    const imageless = new VireoError('OPERATION_FAILED', 'x; y', { details: { disk: 'vda', problems: ['x', 'y'] } });
    expect(missingFrom(imageless)).toEqual(['x', 'y']);
    expect([missingFrom(lacking), adviceFor(lacking), missingFrom(new VireoError('OPERATION_FAILED', 'x'))]).toEqual([['a', 'b'], expect.stringContaining('what is missing'), []]);
  });
});

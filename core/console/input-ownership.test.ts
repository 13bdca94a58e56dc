import { describe, expect, test } from 'vitest';
import type { ConsoleDevice, ConsoleWord } from './console-types.ts';
import { InputOwnership } from './input-ownership.ts';

const domain = { name: 'fedora', uuid: '6d8bd6a4-4c7e-4f2e-9a53-0d9b4d7a4b01' };
const device: ConsoleDevice = { alias: 'serial0', kind: 'serial', label: 'ttyS0', backend: { type: 'unix', path: '/run/c' }, logFile: null, runStart: null };

class Person {
  readonly id: string;
  readonly words: ConsoleWord[] = [];

  constructor(id: string) {
    this.id = id;
  }

  get label(): string {
    return `window of ${this.id}`;
  }

  notify(word: ConsoleWord): void {
    this.words.push(word);
  }

  /** What it was told since it was last asked, without the times. */
  heard(): string[] {
    return this.words.splice(0).map((word) => {
      if (word.type === 'requests') return `requests: ${word.from.map(({ sessionId }) => sessionId).join(' ')}`;
      const by = word.by?.replace('window of ', '') ?? 'nobody';
      return word.type === 'request' ? `request ${word.state} ${by}` : `${word.what} ${by}`;
    });
  }
}

function console(readOnly: string | null = null) {
  const sessions = new Set<Person>();
  const moves: string[] = [];
  let requestsChanged = 0;
  let nowMs = 1_000;
  const ownership = new InputOwnership<Person>({
    device: { ...device, readOnly },
    domain,
    sessions,
    wallTime: () => nowMs++,
    onMoved: (loser, winner) => moves.push(`${loser?.id ?? '-'} > ${winner?.id ?? '-'}`),
    onRequests: () => (requestsChanged += 1),
  });
  const [ann, bob, cid] = ['ann', 'bob', 'cid'].map((id) => {
    const person = new Person(id);
    sessions.add(person);
    return person;
  }) as [Person, Person, Person];
  const leave = (person: Person): void => {
    sessions.delete(person);
    ownership.leave(person);
  };
  return { ownership, moves, ann, bob, cid, leave, changes: () => requestsChanged, heard: () => [ann.heard(), bob.heard(), cid.heard()] };
}

describe('asking', () => {
  test('takes the free input at once', () => {
    const { ownership, ann, heard } = console();
    ownership.ask(ann);
    expect(ownership.isWriter(ann)).toBe(true);
    expect(heard()).toEqual([[], ['writer-changed ann'], ['writer-changed ann']]);
  });

  test('the writer is told who, in the order in which they asked, and they are told whom they wait for', () => {
    const { ownership, ann, bob, cid, heard, changes } = console();
    ownership.take(ann, false);
    heard();
    ownership.ask(cid);
    ownership.ask(bob);
    ownership.ask(cid);
    expect(heard()).toEqual([['requests: cid', 'requests: cid bob', 'requests: cid bob'], ['request waiting ann'], ['request waiting ann', 'request waiting ann']]);
    expect(ownership.asksSinceMs(cid)).toBeLessThan(ownership.asksSinceMs(bob)!);
    expect(changes()).toBe(3);
    ownership.withdraw(cid);
    ownership.withdraw(cid);
    expect(heard()).toEqual([['requests: bob'], [], []]);
  });

  test('is refused when too many ask already', () => {
    const { ownership, ann } = console();
    ownership.take(ann, false);
    for (let number = 0; number < 32; number++) ownership.ask(new Person(`asker ${number}`));
    expect(() => ownership.ask(new Person('one more'))).toThrow(expect.objectContaining({ code: 'RESOURCE_BUSY' }));
  });

  test('for what nobody can write to is refused with the reason, as is taking it', () => {
    const { ownership, ann } = console('its output goes to a file');
    const refusal = expect.objectContaining({ code: 'OPERATION_DENIED', message: "operation forbidden: console 'serial0' can only be watched: its output goes to a file" });
    expect(() => ownership.ask(ann)).toThrow(refusal);
    expect(() => ownership.take(ann, false)).toThrow(refusal);
    expect(() => ownership.take(ann, true)).toThrow(refusal);
  });
});

describe('the writer', () => {
  test('gives the input to one who asks; the others wait for that one', () => {
    const { ownership, ann, bob, cid, heard, moves } = console();
    ownership.take(ann, false);
    ownership.ask(bob);
    ownership.ask(cid);
    heard();
    ownership.handOver(ann, 'cid');
    expect(heard()).toEqual([['writer-changed cid'], ['writer-changed cid', 'request waiting cid'], ['handed-over ann', 'requests: bob']]);
    expect(moves).toEqual(['- > ann', 'ann > cid']);
    expect(ownership.asksSinceMs(cid)).toBeNull();
  });

  test('gives nobody what was not asked for, and nobody else gives it', () => {
    const { ownership, ann, bob } = console();
    ownership.take(ann, false);
    expect(() => ownership.handOver(ann, 'bob')).toThrow(expect.objectContaining({ code: 'OPERATION_INVALID' }));
    ownership.ask(bob);
    expect(() => ownership.handOver(bob, 'bob')).toThrow(expect.objectContaining({ code: 'OPERATION_DENIED', details: { alias: 'serial0', holder: 'window of ann' } }));
    expect(() => ownership.decline(bob, 'bob')).toThrow(expect.objectContaining({ code: 'OPERATION_DENIED' }));
    expect(ownership.isWriter(ann)).toBe(true);
  });

  test('declines, and may be asked again', () => {
    const { ownership, ann, bob, heard } = console();
    ownership.take(ann, false);
    ownership.ask(bob);
    heard();
    ownership.decline(ann, 'bob');
    ownership.decline(ann, 'bob');
    expect(heard()).toEqual([['requests: '], ['request declined ann'], []]);
    ownership.ask(bob);
    expect(heard()).toEqual([['requests: bob'], ['request waiting ann'], []]);
  });

  test.each(['releases', 'leaves'] as const)('%s, and the first who asks has it', (how) => {
    const { ownership, ann, bob, cid, leave, heard } = console();
    ownership.take(ann, false);
    ownership.ask(cid);
    ownership.ask(bob);
    heard();
    if (how === 'leaves') leave(ann);
    else ownership.release(ann);
    expect(ownership.isWriter(cid)).toBe(true);
    expect(heard()).toEqual([how === 'leaves' ? [] : ['writer-changed cid'], ['writer-changed cid', 'request waiting cid'], ['handed-over ann', 'requests: bob']]);
  });

  test('that releases what nobody asks for leaves it free', () => {
    const { ownership, ann, heard } = console();
    ownership.take(ann, false);
    heard();
    ownership.release(ann);
    expect(ownership.writer).toBeNull();
    expect(heard()).toEqual([[], ['released ann'], ['released ann']]);
  });
});

test('taking by force ends all requests, and everybody hears of it', () => {
  const { ownership, ann, bob, cid, heard } = console();
  ownership.take(ann, false);
  ownership.ask(bob);
  ownership.ask(cid);
  heard();
  expect(() => ownership.take(bob, false)).toThrow('Active console session exists for this domain');
  ownership.take(bob, true);
  expect(heard()).toEqual([['taken-over bob'], [], ['request moot bob', 'writer-changed bob']]);
  expect(ownership.asksSinceMs(cid)).toBeNull();
});

test('a request leaves with its session, and all of them with the device', () => {
  const { ownership, ann, bob, cid, leave, heard, changes } = console();
  ownership.take(ann, false);
  ownership.ask(bob);
  ownership.ask(cid);
  heard();
  const before = changes();
  leave(bob);
  expect([heard(), changes() - before]).toEqual([[['requests: cid'], [], []], 1]);
  ownership.end('QEMU closed it');
  expect(heard()).toEqual([[], [], ['request moot nobody']]);
  expect(ownership.writer).toBeNull();
  for (const act of [() => ownership.ask(cid), () => ownership.take(cid, true)]) expect(act).toThrow("operation failed: console 'serial0' is not connected: QEMU closed it");
});

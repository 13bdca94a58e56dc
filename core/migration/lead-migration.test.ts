/** What follows from which failure, on scripted hosts: the table of docs/MIGRATION.md. */
import { beforeEach, describe, expect, test } from 'vitest';
import { VirtualClock, settled } from '../../test/support/virtual-clock.ts';
import { VireoError } from '../base/errors.ts';
import { silentLog } from '../base/log.ts';
import { type MigrationSource, leadMigration } from './lead-migration.ts';
import { type MigrationOptions, type MigrationOptionsInput, migrationOptionsSchema } from './migration-options.ts';
import type { Arrival, MigrationTarget } from './migration-target.ts';

type Step = 'begin' | 'prepare' | 'perform' | 'finish' | 'confirm' | 'cancel';
const failed = (text: string): VireoError => new VireoError('OPERATION_FAILED', text);

class Scene {
  /** What happened, in order: `confirm cancelled`, `connect`, ... */
  readonly told: string[] = [];
  readonly failures = new Map<Step, VireoError>();
  /** Steps that are never answered. */
  readonly silent = new Set<Step>();
  readonly options: MigrationOptions[] = [];
  readonly clock = new VirtualClock();
  readonly lost = new AbortController();
  readonly abort = new AbortController();
  readonly closing = new AbortController();
  paused = false;
  /** What new connections say, one after the other; none when it is empty. */
  arrivals: Arrival[] = [];
  uri = 'tcp:127.0.0.1:49152';
  performedWith = '';
  atStep: (step: Step) => void = () => {};

  async step<T>(step: Step, told: string, value: T): Promise<T> {
    this.told.push(told);
    this.atStep(step);
    const failure = this.failures.get(step);
    if (failure) throw failure;
    if (this.silent.has(step)) await new Promise(() => {});
    return value;
  }

  readonly source: MigrationSource = {
    uuid: 'c7a5fdbd-edaf-9455-926a-d65c16db1809',
    name: 'web',
    begin: (options) => {
      this.options.push(options);
      return this.step('begin', 'begin', { xml: '<domain/>', cookie: 'b' });
    },
    isPaused: async () => this.paused,
    perform: ({ cookie, uri }) => {
      this.performedWith = `${cookie} ${uri}`;
      return this.step('perform', 'perform', 's');
    },
    confirm: ({ cancelled, unknown }) => this.step('confirm', unknown ? 'confirm unknown' : cancelled ? 'confirm cancelled' : 'confirm', undefined),
    abortRequested: this.abort.signal,
    closing: this.closing.signal,
  };

  target(): MigrationTarget {
    let isClosed = false;
    return {
      label: 'beta',
      address: '192.0.2.7',
      hostUuid: 'h',
      hostName: 'beta',
      connectedAtMs: 5,
      closed: this.lost.signal,
      prepare: (request) => {
        this.options.push(request.options);
        return this.step('prepare', 'prepare', { cookie: 'p', uri: this.uri });
      },
      prepareTunnel: () => Promise.reject(failed('no tunnel here')),
      finish: ({ cancelled, options }) => {
        this.options.push(options);
        return cancelled ? this.step('cancel', 'cancel there', { cookie: '', id: null }) : this.step('finish', 'finish', { cookie: 'f', id: 3 });
      },
      arrival: async () => {
        await settled();
        if (isClosed) throw failed('the connection is closed');
        const arrival = this.arrivals.shift();
        if (!arrival) throw failed('nothing is known');
        this.told.push(arrival);
        return arrival;
      },
      [Symbol.asyncDispose]: async () => {
        isClosed = true;
        this.told.push('disconnect');
      },
    };
  }

  lead(options: MigrationOptionsInput = {}): Promise<string> {
    const openTarget = async (): Promise<MigrationTarget> => {
      this.told.push('connect');
      if (this.arrivals.length === 0) throw failed('nobody is there');
      return this.target();
    };
    const leading = leadMigration({ source: this.source, target: this.target(), uri: 'vireo+ssh://beta', openTarget, options: migrationOptionsSchema.parse(options), clock: this.clock, log: silentLog });
    return leading.then(() => 'moved', (error: VireoError) => error.message);
  }
}

/** Lets time go by until the migration is over. */
async function pass(clock: VirtualClock, leading: Promise<string>): Promise<string> {
  let over = false;
  void leading.then(() => (over = true));
  for (await settled(); !over; await settled()) clock.advance(1_000);
  return leading;
}

let scene: Scene;
beforeEach(() => {
  scene = new Scene();
});

describe('when all goes well', () => {
  test('the five phases follow each other, with the same options in each', async () => {
    expect(await scene.lead({ live: true })).toBe('moved');
    expect(scene.told).toEqual(['begin', 'prepare', 'perform', 'finish', 'confirm']);
    expect(new Set(scene.options.map((each) => JSON.stringify(each))).size).toBe(1);
    expect(scene.options[0]).toMatchObject({ live: true, changeProtection: true, paused: false });
    expect(scene.performedWith).toBe('p tcp:127.0.0.1:49152');
  });

  test('a guest that is paused stays paused there', async () => {
    scene.paused = true;
    await scene.lead();
    expect(scene.options.at(-1)?.paused).toBe(true);
  });

  test('an offline migration has no Perform', async () => {
    expect(await scene.lead({ offline: true })).toBe('moved');
    expect(scene.told).toEqual(['begin', 'prepare', 'finish', 'confirm']);
  });

  test.each([['tcp::49152', 'tcp:192.0.2.7:49152'], ['tcp://:49152', 'tcp://192.0.2.7:49152'], ['tcp://gamma:1', 'tcp://gamma:1'], ['unix:/s', 'unix:/s']])('the address of %s is %s', async (uri, expected) => {
    scene.uri = uri;
    await scene.lead();
    expect(scene.performedWith).toBe(`p ${expected}`);
  });

  test('a source that cannot conclude does not undo what has been done', async () => {
    scene.failures.set('confirm', failed('no disk'));
    expect(await scene.lead()).toBe('moved');
  });
});

describe('before the guest stands still', () => {
  test('Begin fails: nothing was begun', async () => {
    scene.failures.set('begin', failed('no'));
    expect(await scene.lead()).toBe('operation failed: no');
    expect(scene.told).toEqual(['begin']);
  });

  test.each([
    ['fails', () => void scene.failures.set('prepare', failed('no'))],
    ['is called off', () => void (scene.atStep = (step) => void (step === 'prepare' && scene.abort.abort(failed('no'))))],
    ['loses its connection', () => void (scene.atStep = (step) => void (step === 'prepare' && scene.lost.abort(failed('no'))))],
  ])('Prepare %s: the source goes on', async (_, happen) => {
    happen();
    scene.silent.add('prepare');
    expect(await scene.lead()).toBe('operation failed: no');
    expect(scene.told).toEqual(['begin', 'prepare', 'confirm cancelled']);
  });

  test('Prepare never answers: the source goes on after five minutes', async () => {
    scene.silent.add('prepare');
    expect(await pass(scene.clock, scene.lead())).toBe('Timed out during operation: beta did not prepare for the guest within 300 s');
    expect(scene.told.at(-1)).toBe('confirm cancelled');
  });

  test('Perform fails: the destination is told, the source has ended it by itself', async () => {
    scene.failures.set('perform', new VireoError('OPERATION_ABORTED', 'canceled by client'));
    expect(await scene.lead()).toBe('operation aborted: canceled by client');
    expect(scene.told).toEqual(['begin', 'prepare', 'perform', 'cancel there']);
  });

  test('Perform fails because of the destination: both messages are told', async () => {
    scene.failures.set('perform', failed('job failed'));
    scene.failures.set('cancel', failed('QEMU unexpectedly closed the monitor'));
    expect(await scene.lead()).toBe('operation failed: migration failed. Message from the source host: operation failed: job failed. Message from the destination host: operation failed: QEMU unexpectedly closed the monitor');
  });

  test('Perform fails and the destination does not answer: nobody waits for long', async () => {
    scene.failures.set('perform', failed('job failed'));
    scene.silent.add('cancel');
    expect(await pass(scene.clock, scene.lead())).toBe('operation failed: job failed');
  });

  test('Perform fails because the connection is lost: nobody is told', async () => {
    scene.atStep = (step) => void (step === 'perform' && scene.lost.abort(failed('gone')));
    scene.failures.set('perform', failed('gone'));
    expect(await scene.lead()).toBe('operation failed: gone');
    expect(scene.told).toEqual(['begin', 'prepare', 'perform']);
  });

  test('the driver closes meanwhile: nothing is decided, the next driver goes by what is on disk', async () => {
    scene.atStep = (step) => void (step === 'perform' && scene.closing.abort(failed('the driver is closing')));
    scene.failures.set('perform', failed('the monitor is closed'));
    expect(await scene.lead()).toBe('operation failed: the driver is closing');
    expect(scene.told).toEqual(['begin', 'prepare', 'perform']);
  });
});

describe('after the guest stands still', () => {
  test.each<Arrival>(['not here', 'coming'])('the destination says that it cannot run the guest, which is %s: it goes on here', async (arrival) => {
    scene.failures.set('finish', failed('no'));
    scene.arrivals = [arrival];
    expect(await scene.lead()).toBe('operation failed: no');
    expect(scene.told).toEqual(['begin', 'prepare', 'perform', 'finish', arrival, 'confirm cancelled']);
  });

  test.each<[Arrival, string]>([
    ['here', 'moved'],
    ['was here', 'operation failed: the guest was handed over to beta and ended there: no disk'],
  ])('something failed there after the guest had begun to run: it is %s, and gone from here', async (arrival, told) => {
    scene.failures.set('finish', failed('no disk'));
    scene.arrivals = [arrival];
    expect(await scene.lead()).toBe(told);
    expect(scene.told.at(-1)).toBe('confirm');
  });

  const lose = async (arrivals: Arrival[]): Promise<string> => {
    scene.silent.add('finish');
    scene.arrivals = arrivals;
    const leading = scene.lead();
    while (!scene.told.includes('finish')) await Promise.resolve();
    scene.lost.abort(failed('the link is gone'));
    return pass(scene.clock, leading);
  };

  test('the answer is lost, and the guest runs there: it is gone from here', async () => {
    expect(await lose(['coming', 'here'])).toBe('moved');
    expect(scene.told.slice(3)).toEqual(['finish', 'disconnect', 'connect', 'coming', 'disconnect', 'connect', 'here', 'disconnect', 'confirm']);
  });

  test('the answer is lost, and the guest ran there and ended: it does not run here again', async () => {
    expect(await lose(['was here'])).toBe('moved');
    expect(scene.told.at(-1)).toBe('confirm');
  });

  test('the answer is lost, and the guest never arrived: it goes on here', async () => {
    expect(await lose(['not here'])).toBe('operation failed: the link is gone; the guest did not arrive there');
    expect(scene.told.at(-1)).toBe('confirm cancelled');
  });

  test('the answer is lost, and nobody knows: the guest stands still here, and people are told what to do', async () => {
    expect(await lose([])).toMatch(/^operation failed: the connection to beta was lost after it was told to take over domain 'web', and nobody can say whether it did \(operation failed: the link is gone\)\. The guest is left paused here, so that it cannot run twice: .*'destroy web'.*'resume web'/);
    expect(scene.told.at(-1)).toBe('confirm unknown');
    expect(scene.told.filter((word) => word === 'connect').length).toBeGreaterThan(10);
  });

  test('the answer is lost while the memory of a post-copy is on its way: it is waited for', async () => {
    expect(await lose([...Array.from({ length: 500 }, () => 'coming' as const), 'here'])).toBe('moved');
  });

  test('an answer that cannot be understood is none', async () => {
    scene.failures.set('finish', new VireoError('RPC', 'not in the contract'));
    scene.arrivals = ['here'];
    expect(await scene.lead()).toBe('moved');
    expect(scene.told.at(-1)).toBe('confirm');
  });

  test('a destination that hangs is asked anew over another connection', async () => {
    scene.silent.add('finish');
    scene.arrivals = ['here'];
    expect(await pass(scene.clock, scene.lead())).toBe('moved');
  });
});

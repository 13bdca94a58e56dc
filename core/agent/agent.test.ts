import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type AgentAnswer, FakeAgent, type FakeAgentOptions, noReply, refuse } from '../../test/fake-agent/fake-agent.ts';
import { systemClock } from '../base/clock.ts';
import { VireoError } from '../base/errors.ts';
import { silentLog } from '../base/log.ts';
import { type Agent, type AgentOptions, type GuestDemandOptions, withAgent } from './agent.ts';
import { isAgentRefusal, isAgentSilent, requireAgentChannel } from './agent-error.ts';
import type { GuestShutdownMode } from './commands.ts';

const domain = { name: 'sample', uuid: '11111111-2222-4333-8444-555555555555' };
const silent: AgentAnswer = () => noReply;

function optionsFor(fake: { readonly path: string }, more: Partial<AgentOptions> = {}): AgentOptions {
  return { path: fake.path, clock: systemClock, log: silentLog, signal: new AbortController().signal, domain, ...more };
}

async function ask<T>(fakeOptions: FakeAgentOptions, work: (agent: Agent, fake: FakeAgent) => Promise<T>, more: Partial<AgentOptions> = {}): Promise<T> {
  await using fake = await FakeAgent.start(fakeOptions);
  return await withAgent(optionsFor(fake, more), (agent) => work(agent, fake));
}

/** Writes as fast as the client reads, for as long as it is there. */
function flood(fake: FakeAgent, bytes: Buffer): void {
  const { client } = fake;
  if (!client) return;
  const pour = (): void => {
    while (!client.destroyed && client.write(bytes));
  };
  client.on('drain', pour);
  pour();
}

describe('asking the agent', () => {
  test('each command gets its own answer, after a synchronization', async () => {
    await ask({ answers: { 'guest-get-host-name': () => ({ 'host-name': 'sample', later: true }) } }, async (agent, fake) => {
      expect(await agent.execute('guest-ping')).toEqual({});
      expect(await agent.execute('guest-get-host-name')).toEqual({ 'host-name': 'sample' });
      expect(fake.requests.map((request) => request.execute)).toEqual(['guest-sync-delimited', 'guest-ping', 'guest-sync-delimited', 'guest-get-host-name']);
    });
  });

  test('finds its answers behind whatever an earlier client left, wherever they are cut', async () => {
    const leftover = fc.oneof(
      fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
      fc.constantFrom('{"return": {}}\n', '{"return": {"host-na', '\u{fffd}\n').map((text) => Buffer.from(text)),
      fc.nat().map((id) => Buffer.concat([Buffer.of(0xff), Buffer.from(`{"return": ${id}}\n`)])),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(leftover, { maxLength: 6 }), fc.integer({ min: 1, max: 20 }), async (stale, pieceBytes) => {
        const name = await ask(
          { pieceBytes, atConnect: (fake) => fake.send(Buffer.concat(stale)), answers: { 'guest-get-host-name': () => ({ 'host-name': 'größe' }) } },
          (agent) => agent.execute('guest-get-host-name'),
        );
        expect(name).toEqual({ 'host-name': 'größe' });
      }),
      { numRuns: 40 },
    );
  });

  test('a late answer is not taken for the next command\'s', async () => {
    await ask({ answers: { 'guest-get-host-name': silent, 'guest-get-osinfo': () => ({ id: 'vireo' }) } }, async (agent, fake) => {
      await expect(agent.execute('guest-get-host-name', {}, { timeoutMs: 20 })).rejects.toMatchObject({
        code: 'AGENT_COMMAND_TIMEOUT',
        message: "guest agent command timed out: no answer to 'guest-get-host-name' within 0.02 s",
        details: { command: 'guest-get-host-name', timeoutMs: 20 },
      });
      fake.reply({ 'host-name': 'late' });
      expect(await agent.execute('guest-get-osinfo')).toEqual({ id: 'vireo' });
    });
  });

  test('the agent\'s refusal carries its class and its words, and the connection goes on', async () => {
    await ask({ answers: { 'guest-get-osinfo': () => refuse('GenericError', 'no os-release') } }, async (agent) => {
      const refusal = await agent.execute('guest-get-osinfo').catch((error: unknown) => error);
      expect(refusal).toMatchObject({
        code: 'AGENT_COMMAND_FAILED',
        message: "guest agent command failed: unable to execute QEMU agent command 'guest-get-osinfo': no os-release",
        domain,
        details: { command: 'guest-get-osinfo', agentClass: 'GenericError', agentText: 'no os-release' },
      });
      expect([isAgentRefusal(refusal), isAgentRefusal(refusal, 'CommandNotFound'), isAgentSilent(refusal)]).toEqual([true, false, false]);
      expect(await agent.execute('guest-ping')).toEqual({});
    });
  });

  test('the next client is served once the first has closed', async () => {
    await using fake = await FakeAgent.start();
    for (let client = 0; client < 3; client++) expect(await withAgent(optionsFor(fake), (agent) => agent.execute('guest-ping'))).toEqual({});
    await expect.poll(() => fake.client).toBe(null);
  });

  test('an agent is of no use after the work that it was opened for, nor for two things at a time', async () => {
    await ask({ answers: { 'guest-info': silent } }, async (agent) => {
      const first = agent.execute('guest-info', {}, { timeoutMs: 30 });
      await expect(agent.execute('guest-ping')).rejects.toThrow('an agent is asked one thing at a time');
      await expect(first).rejects.toMatchObject({ code: 'AGENT_COMMAND_TIMEOUT' });
    });
    const kept = await ask({}, async (agent) => ({ agent }));
    await expect(kept.agent.execute('guest-ping')).rejects.toThrow('only while the work that it was opened for lasts');
  });
});

describe('an agent that is not there', () => {
  test('is told apart by its channel', () => {
    expect(() => requireAgentChannel('connected', domain)).not.toThrow();
    const missing = (state: 'not configured' | 'disconnected'): VireoError | null => {
      try {
        requireAgentChannel(state, domain);
        return null;
      } catch (error) {
        return error as VireoError;
      }
    };
    expect(missing('not configured')).toMatchObject({ code: 'ARGUMENT_UNSUPPORTED', message: 'argument unsupported: QEMU guest agent is not configured', domain });
    expect(missing('disconnected')).toMatchObject({ code: 'AGENT_UNRESPONSIVE', message: 'Guest agent is not responding: QEMU guest agent is not connected', domain });
  });

  test('is not responding where nothing answers the synchronization', async () => {
    const asking = ask({ answers: { 'guest-sync-delimited': silent } }, (agent) => agent.execute('guest-ping'), { syncTimeoutMs: 30 });
    await expect(asking).rejects.toMatchObject({ message: "Guest agent is not responding: no answer to 'guest-sync-delimited' within 0.03 s", domain });
  });

  test('is not responding where its socket is gone or ends', async () => {
    await expect(withAgent(optionsFor({ path: '/tmp/vireo-nowhere/c' }), (agent) => agent.execute('guest-ping'))).rejects.toMatchObject({ code: 'AGENT_UNRESPONSIVE', domain });
    const ending = ask({ answers: { 'guest-ping': (_, fake) => (fake.hangUp(), noReply) } }, (agent) => agent.execute('guest-ping'));
    await expect(ending).rejects.toThrow('the channel of the QEMU guest agent was closed');
  });

  test('keeps nobody waiting once the domain has died', async () => {
    const died = new AbortController();
    const asking = ask({ answers: { 'guest-ping': () => (died.abort(new VireoError('OPERATION_INVALID', 'domain is not running')), noReply) } }, (agent) => agent.execute('guest-ping'), { signal: died.signal });
    await expect(asking).rejects.toMatchObject({ code: 'OPERATION_INVALID', domain });
  });
});

describe('a hostile guest', () => {
  test.each([
    ['one line without an end', Buffer.alloc(65_536, 'x')],
    ['empty lines', Buffer.alloc(65_536, '\n')],
    ['sentinels', Buffer.alloc(65_536, 0xff)],
    ['sentinels and ends of lines', Buffer.alloc(65_536, Buffer.from([0xff, 0x0a]))],
  ])('that floods with %s before the answer is given up in time, and nothing is kept of it', async (_, bytes) => {
    await using fake = await FakeAgent.start({ atConnect: (agent) => flood(agent, bytes), answers: { 'guest-sync-delimited': silent } });
    const before = process.memoryUsage().arrayBuffers;
    const asking = withAgent(optionsFor(fake, { syncTimeoutMs: 200 }), (agent) => agent.execute('guest-ping'));
    await expect(asking).rejects.toMatchObject({ code: 'AGENT_UNRESPONSIVE' });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * 1024 * 1024);
  });

  test('that answers with wrong ids for ever is unsynchronized', async () => {
    const wrong = Buffer.concat([Buffer.of(0xff), Buffer.from('{"return": 1}\n')]);
    const asking = ask({ atConnect: (fake) => flood(fake, wrong), answers: { 'guest-sync-delimited': silent } }, (agent) => agent.execute('guest-ping'));
    await expect(asking).rejects.toMatchObject({ code: 'AGENT_UNSYNCED', details: { wrongAnswers: 101 } });
  });

  test('is not read from while nobody asks, and what it sent then is no answer later', async () => {
    await ask({}, async (agent, fake) => {
      await agent.execute('guest-ping');
      const size = 8 * 1024 * 1024;
      fake.client?.write(Buffer.alloc(size, '{"return": 7}\n'));
      for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => setImmediate(resolve));
      expect(fake.client?.writableLength).toBeGreaterThan(size / 2);
      expect(await agent.execute('guest-ping')).toEqual({});
    });
  });

  test.each([
    ['a line without an end', 'x'.repeat(3_000), 'the guest sent a line of more than 2000 bytes'],
    ['what is no JSON', 'hello\n', "in answer to 'guest-info' the guest sent malformed JSON: hello"],
    ['deep JSON', `{"return": ${'['.repeat(900)}${']'.repeat(900)}}\n`, "in answer to 'guest-info' the guest sent JSON nested more than 64 deep"],
    ['another answer\'s shape', '{"return": {"version": "7.2", "supported_commands": [{"name": 7}]}}\n', "in answer to 'guest-info' the guest sent an answer of the wrong shape at 'supported_commands.0.name'"],
  ])('that answers with %s is not responding, and may still come to its senses', async (_, text, message) => {
    await ask({ answers: { 'guest-info': (_request, fake) => (fake.send(text), noReply) } }, async (agent) => {
      await expect(agent.execute('guest-info')).rejects.toMatchObject({ code: 'AGENT_UNRESPONSIVE', message: `Guest agent is not responding: ${message}`, domain });
      expect(await agent.execute('guest-ping')).toEqual({});
    }, { maximumReplyBytes: 2_000 });
  });
});

function askGuestPower({ obeyed, timeoutMs, ...options }: AgentOptions & GuestDemandOptions, mode: GuestShutdownMode): Promise<void> {
  return withAgent(options, (agent) => agent.shutdown(mode, { obeyed, timeoutMs }));
}

describe('power through the agent', () => {
  test('an agent that goes on without an error has agreed', async () => {
    await using fake = await FakeAgent.start();
    await askGuestPower(optionsFor(fake), 'reboot');
    expect(fake.requests.find((request) => request.execute === 'guest-shutdown')).toMatchObject({ arguments: { mode: 'reboot' } });
  });

  test('its refusal is an error', async () => {
    await using fake = await FakeAgent.start({ answers: { 'guest-shutdown': () => refuse('GenericError', 'child process has failed to shutdown') } });
    await expect(askGuestPower(optionsFor(fake), 'powerdown')).rejects.toMatchObject({ details: { command: 'guest-shutdown', agentText: 'child process has failed to shutdown' } });
  });

  /** A guest on its way down answers nothing any more. */
  function goesDown(then: (fake: FakeAgent) => void): FakeAgentOptions {
    let isDown = false;
    return {
      answers: {
        'guest-shutdown': (_, fake) => {
          isDown = true;
          then(fake);
          return noReply;
        },
        'guest-sync-delimited': (request, fake) => {
          if (!isDown) fake.replySync(request.arguments?.['id']);
          return noReply;
        },
      },
    };
  }

  test('a guest that is gone before its answer has agreed: QEMU closed the channel, or told of the shutdown', async () => {
    await using ending = await FakeAgent.start(goesDown((fake) => fake.hangUp()));
    await askGuestPower(optionsFor(ending), 'powerdown');
    const obeyed = new AbortController();
    await using told = await FakeAgent.start(goesDown(() => obeyed.abort()));
    await askGuestPower({ ...optionsFor(told), obeyed: obeyed.signal }, 'powerdown');
  });

  test('silence without a sign is not taken for agreement', async () => {
    await using fake = await FakeAgent.start(goesDown(() => {}));
    const asking = askGuestPower({ ...optionsFor(fake), timeoutMs: 30, obeyed: new AbortController().signal }, 'powerdown');
    await expect(asking).rejects.toMatchObject({ code: 'AGENT_COMMAND_TIMEOUT', details: { command: 'guest-shutdown', timeoutMs: 30 } });
  });
});

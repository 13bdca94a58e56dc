/** What the driver makes of an agent's answers, silence and lies. */
import { describe, expect, test } from 'vitest';
import { type AgentDomain, agentDomain } from '../../test/fake-agent/agent-domain.ts';
import { type AgentAnswer, noReply, refuse } from '../../test/fake-agent/fake-agent.ts';
import { readAuthorizedKeys, setUserPassword } from './agent-accounts.ts';
import { agentCommand, setAgentTimeout } from './agent-command.ts';
import { runInGuest } from './agent-exec.ts';
import { freezeFilesystems, thawFilesystems, trimFilesystems } from './agent-filesystems.ts';
import { readDomainFilesystems, readDomainHostname, readGuestFacts } from './agent-guest-facts.ts';
import { putToSleep, wake } from './agent-sleep.ts';
import { setGuestTime } from './agent-time.ts';
import { setGuestVcpus } from './agent-vcpus.ts';

const silent: AgentAnswer = () => noReply;
const hostname = (each: AgentDomain): Promise<string> => readDomainHostname(each.context, each.call(), each.domain, 'agent');
const freeze = (each: AgentDomain, mountpoints: readonly string[] = []): Promise<number> => freezeFilesystems(each.context, each.call(), each.domain, mountpoints);

describe('a domain without an agent that answers', () => {
  test('says whether it is off, has no channel, nobody at it, or stands still', async () => {
    await using each = await agentDomain();
    each.live.agent = 'not configured';
    await expect(hostname(each)).rejects.toMatchObject({ code: 'ARGUMENT_UNSUPPORTED', message: 'argument unsupported: QEMU guest agent is not configured' });
    each.live.agent = 'disconnected';
    await expect(hostname(each)).rejects.toMatchObject({ code: 'AGENT_UNRESPONSIVE', message: 'Guest agent is not responding: QEMU guest agent is not connected' });
    each.domain.restoreState({ state: 'paused', reason: 'user' }, null);
    await expect(hostname(each)).rejects.toMatchObject({ code: 'OPERATION_INVALID', message: 'Requested operation is not valid: domain is not running: it is paused, and its guest agent stands still with it' });
    each.domain.live = null;
    await expect(hostname(each)).rejects.toMatchObject({ code: 'OPERATION_INVALID', message: 'Requested operation is not valid: domain is not running' });
    expect(each.agent.requests).toEqual([]);
  });

  test('gives up after its own limit, and nothing but the agent was held meanwhile', async () => {
    await using each = await agentDomain({ answers: { 'guest-get-host-name': silent } });
    await setAgentTimeout(each.context, each.domain, 1);
    const asking = hostname(each).catch((error: unknown) => error);
    await each.agent.asked('guest-get-host-name');
    expect(each.domain.jobs.status()).toMatchObject({ agent: { kind: 'query' }, sync: null });
    {
      await using job = await each.domain.jobs.begin(each.call(), 'modify');
      await job.monitor().execute('stop');
    }
    expect(await asking).toMatchObject({ code: 'AGENT_COMMAND_TIMEOUT', message: "guest agent command timed out: no answer to 'guest-get-host-name' within 1 s" });
    expect(each.domain.jobs.status().agent).toBe(null);
  });

  test('fails at once when the agent leaves its port, and the next command is answered', async () => {
    let isHung = true;
    await using each = await agentDomain({ answers: { 'guest-get-host-name': () => (isHung ? noReply : { 'host-name': 'again' }) } });
    await setAgentTimeout(each.context, each.domain, -2);
    const asking = hostname(each).catch((error: unknown) => error);
    await each.agent.asked('guest-get-host-name');
    each.portChanges('disconnected');
    expect(await asking).toMatchObject({ code: 'AGENT_UNRESPONSIVE', message: 'Guest agent is not responding: QEMU guest agent disconnected before it answered' });
    isHung = false;
    each.live.agent = 'connected';
    expect(await hostname(each)).toBe('again');
  });

  test('tells an agent that was restarted in between, and lost the command, from one that still works on it', async () => {
    const results = [noReply, noReply];
    await using each = await agentDomain({ answers: { 'guest-get-host-name': () => results.shift() } });
    await setAgentTimeout(each.context, each.domain, -2);
    const lost = hostname(each).catch((error: unknown) => error);
    await each.agent.asked('guest-get-host-name');
    each.portChanges('connected'); // the new one answers the synchronization, and nothing before it
    expect(await lost).toMatchObject({ code: 'AGENT_UNRESPONSIVE', details: { agent: 'disconnected' } });
    const kept = hostname(each);
    await expect.poll(() => each.agent.commands.length, { timeout: 5_000 }).toBe(2);
    each.agent.reply({ 'host-name': 'slow' }); // the old one finishes before it reads on
    each.portChanges('connected');
    expect(await kept).toBe('slow');
  });

  test('lets go of one that may take for ever when the caller does', async () => {
    await using each = await agentDomain({ answers: { 'guest-dance': silent } });
    const caller = new AbortController();
    const asking = agentCommand(each.context, each.call(caller.signal), each.domain, 'guest-dance', -2).catch((error: unknown) => error);
    await each.agent.asked('guest-dance');
    caller.abort(new Error('enough'));
    expect(await asking).toMatchObject({ message: 'enough' });
    expect(each.domain.jobs.status().agent).toBe(null);
  });

  test('is not hurt by a line of 100 MB, by garbage or by half a line', async () => {
    const pour: AgentAnswer = (_, agent) => {
      const block = Buffer.alloc(1 << 20, 'x');
      for (let left = 100; left > 0 && agent.client?.destroyed === false; left--) agent.client.write(block);
      return noReply;
    };
    const answers: AgentAnswer[] = [pour, (_, agent) => (agent.send('\u0000\u001b[2J{]}\n'), noReply), (_, agent) => (agent.send('{"return": {"host-na'), agent.hangUp(), noReply), () => ({ 'host-name': 7 }), () => ({ 'host-name': 'well' })];
    await using each = await agentDomain({ answers: { 'guest-get-host-name': (request, agent) => answers.shift()?.(request, agent) } });
    const before = process.memoryUsage().rss;
    await expect(hostname(each)).rejects.toThrow('Guest agent is not responding: the guest sent a line of more than 1048576 bytes');
    expect(process.memoryUsage().rss - before).toBeLessThan(300 << 20); // most of it is what the fake one holds
    await expect(hostname(each)).rejects.toThrow(/in answer to 'guest-get-host-name' the guest sent malformed JSON: \[2J\{\]\}$/);
    await expect(hostname(each)).rejects.toThrow('the channel of the QEMU guest agent was closed');
    await expect(hostname(each)).rejects.toThrow("an answer of the wrong shape at 'host-name'");
    expect(await hostname(each)).toBe('well');
  });
});

describe('what a guest says of itself', () => {
  const place = (bus: number, more: object = {}): object => ({ 'bus-type': 'scsi', bus: 0, target: 0, unit: 0, 'pci-controller': { domain: 0, bus, slot: 0, function: 0 }, ...more });

  test('is cleaned of what would move a cursor or turn the reading direction', async () => {
    await using each = await agentDomain({
      answers: {
        'guest-get-host-name': () => ({ 'host-name': 'a\u001b[31mb\u202ec\u0007\u009bd\u2028' }),
        'guest-ssh-get-authorized-keys': () => ({ keys: ['k\u001b]0;x\u0007'] }),
        'guest-get-users': () => refuse('GenericError', 'no\u001b[2J\u202e \u009b'),
      },
    });
    expect(await hostname(each)).toBe('a\ufffd[31mb\ufffdc\ufffd\ufffdd\ufffd');
    expect(await readAuthorizedKeys(each.context, each.call(), each.domain, 'root')).toEqual(['k\ufffd]0;x\ufffd']);
    const refusal = await readGuestFacts(each.context, each.call(), each.domain, ['users']).catch((error: Error) => error.message);
    expect(refusal).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  });

  test('names the disks of the definition that file systems lie on', async () => {
    const systems = [
      { name: 'sdb', mountpoint: '/scsi', type: 'ext4', disk: [place(5, { target: 2, unit: 3 })] },
      { name: 'vda', mountpoint: '/', type: 'ext4', 'used-bytes': 1, 'total-bytes': 2, disk: [place(3, { 'bus-type': 'virtio', serial: 'S', dev: '/dev/vda1' }), place(4, { target: 2, unit: 3 }), place(-1)] },
    ];
    await using each = await agentDomain({ answers: { 'guest-get-fsinfo': () => systems } });
    expect(await readDomainFilesystems(each.context, each.call(), each.domain)).toEqual([
      { mountpoint: '/', name: 'vda', type: 'ext4', totalBytes: 2, usedBytes: 1, disks: [{ target: 'vda', serial: 'S', device: '/dev/vda1' }, { target: null, serial: null, device: null }, { target: null, serial: null, device: null }] },
      { mountpoint: '/scsi', name: 'sdb', type: 'ext4', totalBytes: null, usedBytes: null, disks: [{ target: 'sda', serial: null, device: null }] },
    ]);
  });

  test('leaves out what the agent refuses, unless it was asked for, and never a frozen guest', async () => {
    const disabled = 'Command guest-get-users has been disabled: the command is not allowed';
    const answers: Record<string, AgentAnswer> = {
      'guest-info': () => ({ version: '9.9', supported_commands: [] }),
      'guest-get-users': () => refuse('CommandNotFound', disabled),
      'guest-get-osinfo': () => refuse('GenericError', 'no such file'),
      'guest-get-timezone': () => ({ offset: 3_600 }),
    };
    await using each = await agentDomain({ answers });
    const report = await readGuestFacts(each.context, each.call(), each.domain, []);
    expect(report).toMatchObject({ users: null, os: null, timezone: { name: null, offsetSeconds: 3_600 }, disks: null });
    expect(report.missing.slice(0, 2)).toEqual([{ fact: 'users', reason: disabled }, { fact: 'os', reason: 'no such file' }]);
    await expect(readGuestFacts(each.context, each.call(), each.domain, ['users'])).rejects.toMatchObject({
      message: `guest agent command failed: unable to execute QEMU agent command 'guest-get-users': ${disabled} (by the guest's QEMU guest agent 9.9)`,
      details: { agentRefusalKind: 'disabled command', agentVersion: '9.9' },
    });
    answers['guest-get-timezone'] = () => refuse('CommandNotFound', 'Command guest-get-timezone has been disabled: the agent is in frozen state');
    await expect(readGuestFacts(each.context, each.call(), each.domain, [])).rejects.toMatchObject({ details: { agentRefusalKind: 'frozen', remedy: 'the file systems of the guest are frozen; domfsthaw thaws them' } });
  });
});

describe('freezing', () => {
  test('is asked of the agent every time, whatever it said before, and so is thawing', async () => {
    const frozen = 'Command guest-fsfreeze-freeze has been disabled: the agent is in frozen state';
    const results: unknown[] = [2, refuse('CommandNotFound', frozen), refuse('CommandNotFound', frozen), 2];
    await using each = await agentDomain({ answers: { 'guest-fsfreeze-freeze': () => results.shift(), 'guest-fsfreeze-freeze-list': ({ arguments: args = {} }) => (args['mountpoints'] as string[]).length, 'guest-fsfreeze-thaw': () => 0 } });
    expect(await freeze(each)).toBe(2);
    for (let again = 0; again < 2; again++) await expect(freeze(each)).rejects.toThrow(frozen);
    expect(await freeze(each)).toBe(2);
    expect(await freeze(each, ['/', '/data'])).toBe(2);
    for (let again = 0; again < 2; again++) expect(await thawFilesystems(each.context, each.call(), each.domain)).toBe(0);
    expect(each.agent.commands.filter((name) => name.startsWith('guest-fsfreeze'))).toHaveLength(7);
  });

  test('whose answer is lost says that nobody knows, and what to do; one that was not begun does not', async () => {
    let isDeaf = false;
    await using each = await agentDomain({
      answers: { 'guest-fsfreeze-freeze': silent, 'guest-sync-delimited': ({ arguments: args }, agent) => (isDeaf || agent.replySync(args?.['id']), noReply) },
    });
    await setAgentTimeout(each.context, each.domain, 1);
    await expect(freeze(each)).rejects.toMatchObject({
      code: 'AGENT_COMMAND_TIMEOUT',
      message: "guest agent command timed out: no answer to 'guest-fsfreeze-freeze' within 1 s; whether the file systems of the guest are frozen is not known",
      details: { freeze: 'unknown', remedy: expect.stringContaining('domfsthaw') as string },
    });
    isDeaf = true;
    const unheard = await freeze(each).catch((error: unknown) => error);
    expect(unheard).toMatchObject({ code: 'AGENT_UNRESPONSIVE', details: { command: 'guest-sync-delimited' } });
    expect(unheard).not.toMatchObject({ details: { freeze: 'unknown' } });
  });

  test('and trimming tell what became of each file system', async () => {
    await using each = await agentDomain({ answers: { 'guest-fstrim': ({ arguments: args }) => ({ paths: [{ path: '/', trimmed: 5, minimum: args?.['minimum'] }, { path: '/x', error: 'no' }] }) } });
    expect(await trimFilesystems(each.context, each.call(), each.domain, 512)).toEqual([
      { path: '/', trimmedBytes: 5, minimumBytes: 512, error: null },
      { path: '/x', trimmedBytes: null, minimumBytes: null, error: 'no' },
    ]);
  });
});

describe('changing a guest', () => {
  const cpus = [0, 1, 2, 3].map((id) => ({ 'logical-id': id, online: true, 'can-offline': id > 0 }));

  test('goes on with the CPUs that the agent left over, and does not believe any number', async () => {
    const done = [2, 1, 7];
    await using each = await agentDomain({ answers: { 'guest-get-vcpus': () => cpus, 'guest-set-vcpus': () => done.shift() } });
    await setGuestVcpus(each.context, each.call(), each.domain, '1-3', false);
    expect(each.agent.requests.filter(({ execute }) => execute === 'guest-set-vcpus').map(({ arguments: args = {} }) => (args['vcpus'] as { 'logical-id': number }[]).map((cpu) => cpu['logical-id']))).toEqual([[1, 2, 3], [3]]);
    await expect(setGuestVcpus(each.context, each.call(), each.domain, '1', true)).rejects.toMatchObject({ code: 'AGENT_UNRESPONSIVE' });
    await expect(setGuestVcpus(each.context, each.call(), each.domain, 'x', true)).rejects.toMatchObject({ code: 'INVALID_ARG' });
  });

  test('sets the clock, and then makes QEMU forget the ticks that it owes', async () => {
    await using each = await agentDomain({ answers: { 'guest-set-time': () => ({}) } });
    await setGuestTime(each.context, each.call(), each.domain, { seconds: 1_700_000_000, nanoseconds: 0 });
    await setGuestTime(each.context, each.call(), each.domain, null);
    expect(each.agent.requests.filter(({ execute }) => execute === 'guest-set-time').map(({ arguments: args }) => args)).toEqual([{ time: 1_700_000_000_000_000_000 }, {}]);
    expect(each.monitorCommands).toEqual(['rtc-reset-reinjection', 'rtc-reset-reinjection']);
    await expect(setGuestTime(each.context, each.call(), each.domain, { seconds: 9_999_999_999, nanoseconds: 0 })).rejects.toMatchObject({ code: 'INVALID_ARG' });
  });

  test('sends a password as the agent takes it, and writes it nowhere', async () => {
    await using each = await agentDomain({ answers: { 'guest-set-user-password': () => ({}) } });
    await setUserPassword(each.context, each.call(), each.domain, { user: 'root', password: 'geheim ß', encrypted: false });
    const password = Buffer.from('geheim ß').toString('base64');
    expect((await each.agent.asked('guest-set-user-password')).arguments).toEqual({ username: 'root', password, crypted: false });
    expect(each.log.join('\n')).not.toMatch(/geheim/);
    expect(each.log.join('\n')).not.toContain(password);
  });

  test('by words of the user taints the run before they are sent, even where they fail', async () => {
    await using each = await agentDomain({ answers: { 'guest-dance': () => refuse('GenericError', 'no') } });
    await expect(agentCommand(each.context, each.call(), each.domain, '{"execute": ', -1)).rejects.toMatchObject({ code: 'INVALID_ARG' });
    expect([...each.live.taints]).toEqual([]);
    await expect(agentCommand(each.context, each.call(), each.domain, 'guest-dance', -1)).rejects.toMatchObject({ code: 'AGENT_COMMAND_FAILED' });
    expect([...each.live.taints]).toEqual(['custom-ga-command']);
    expect(await agentCommand(each.context, each.call(), each.domain, 'guest-ping', 0)).toBe(null);
    expect(await agentCommand(each.context, each.call(), each.domain, 'guest-ping', 5)).toBe('{"return":{}}');
  });

  test('runs a program and lets others at the agent while it runs; what it prints is bounded', async () => {
    const states: unknown[] = [{ exited: false }, { exited: false }, { exited: true, exitcode: 7, 'out-data': Buffer.from('hi').toString('base64') }];
    let isLoud = false;
    await using each = await agentDomain({
      answers: {
        'guest-exec': () => ({ pid: 42 }),
        'guest-exec-status': (_, agent) => {
          if (!isLoud) return states.shift();
          agent.send(`{"return": {"exited": true, "out-data": "${'A'.repeat(9 << 20)}"}}\n`);
          return noReply;
        },
        'guest-get-host-name': () => ({ 'host-name': 'between' }),
      },
    });
    const run = (timeoutMs: number): ReturnType<typeof runInGuest> => runInGuest(each.context, each.call(), each.domain, { program: '/bin/x', arguments: ['a b'], environment: [], input: null, timeoutMs });
    const running = run(5_000);
    await each.agent.asked('guest-exec-status');
    expect(await hostname(each)).toBe('between');
    expect(await running).toEqual({ exitCode: 7, signal: null, output: Buffer.from('hi'), errors: Buffer.alloc(0), isTruncated: false });
    expect((await each.agent.asked('guest-exec')).arguments).toEqual({ path: '/bin/x', arg: ['a b'], 'capture-output': true });
    isLoud = true;
    await expect(run(5_000)).rejects.toMatchObject({ code: 'OPERATION_FAILED', message: expect.stringContaining('let it write to a file') as string });
    isLoud = false;
    states.push({ exited: false }, { exited: false });
    await expect(run(1)).rejects.toMatchObject({ code: 'OPERATION_TIMEOUT', details: { guestPid: 42 } });
  });

  test('puts it to sleep only where the machine can wake it', async () => {
    await using each = await agentDomain();
    await expect(putToSleep(each.context, each.call(), each.domain, 'mem')).rejects.toMatchObject({ code: 'OPERATION_UNSUPPORTED', message: 'Operation not supported: Domain does not have suspend support' });
    await wake(each.call(), each.domain); // it is awake
    expect(each.monitorCommands).toEqual(['query-current-machine']);
    expect(each.agent.commands).toEqual([]);
  });
});

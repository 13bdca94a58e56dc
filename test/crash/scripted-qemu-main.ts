/**
 * A QEMU without a machine: a process of its own that outlives its driver, takes QEMU's command line, writes its pid file,
 * opens its monitor and consoles where it is told, and goes through QEMU's run states. It costs 50 ms, where a real one costs
 * ten times that, so that every moment of every scenario can be tried. Its guest is the boot sector's: it greets, echoes,
 * and powers off at a Q.
 */
import { appendFileSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { type Answer, FakeQemu, noReply } from '../fake-qemu/fake-qemu.ts';

/** Run states as QEMU 7.2 goes through them; after a shutdown only a reset leads on. */
type Status = 'prelaunch' | 'running' | 'paused' | 'shutdown';

const dumpBytes = 65_536;
/** Long enough for a host to die while it lasts. */
const dumpMs = 30;

const argv = process.argv.slice(2);

function valuesOf(option: string): readonly string[] {
  return argv.flatMap((word, at) => (word === option ? [argv[at + 1] ?? ''] : []));
}

/** `a,b=c` and QEMU's JSON alike. */
function fields(text: string): Readonly<Record<string, string>> {
  if (text.startsWith('{')) return JSON.parse(text) as Record<string, string>;
  return Object.fromEntries(text.split(',').map((field) => [field.split('=')[0] ?? '', field.slice(field.indexOf('=') + 1)]));
}

class Machine {
  status: Status = 'prelaunch';
  readonly #consoles: { readonly alias: string; readonly path: string; readonly logFile: string | undefined; client: net.Socket | null; typed: string }[] = [];
  #qemu: FakeQemu | null = null;
  #greeted = false;
  #dump = { status: 'none', completed: 0, total: 0 };

  async run(): Promise<void> {
    const [pidFile] = valuesOf('-pidfile');
    if (pidFile !== undefined) writeFileSync(pidFile, `${process.pid}\n`);
    for (const chardev of valuesOf('-chardev').map(fields)) {
      if (chardev['path'] === undefined || chardev['id'] === 'charmonitor') continue;
      if (chardev['server'] === undefined) {
        net.connect(chardev['path']).on('error', () => {}).unref(); // a program beside it, which ends with the connection
        continue;
      }
      await this.#listen({ alias: chardev['id'] ?? '', path: chardev['path'], logFile: chardev['logfile'], client: null, typed: '' });
    }
    const monitor = valuesOf('-chardev').map(fields).find(({ id }) => id === 'charmonitor');
    this.#qemu = await FakeQemu.start({ socketPath: monitor?.['path'] ?? '', answers: this.#answers() });
    process.on('SIGTERM', () => this.#end('host-signal'));
  }

  #answers(): Readonly<Record<string, Answer>> {
    return {
      'query-status': () => ({ status: this.status, running: this.status === 'running', singlestep: false }),
      'query-chardev': () => this.#consoles.map(({ alias, path, client }) => ({ label: alias, filename: `unix:${path},server=on`, 'frontend-open': client !== null })),
      'query-cpus-fast': () => [{ 'cpu-index': 0, 'qom-path': '/machine/unattached/device[0]', 'thread-id': process.pid, target: 'x86_64', props: { 'core-id': 0, 'thread-id': 0, 'socket-id': 0 } }],
      'query-balloon': (request, qemu) => qemu.refuse(request, 'No balloon device has been activated'),
      'qom-list': ({ args }) => (args['path'] === '/machine/peripheral' ? this.#peripherals() : []),
      'query-block': () => this.#peripherals().filter(({ drive }) => drive).map(({ name }) => ({ device: '', qdev: name, type: 'unknown', removable: false, locked: false })),
      'query-dump-guest-memory-capability': () => ({ formats: ['elf', 'kdump-zlib', 'kdump-lzo', 'kdump-snappy'] }),
      'query-dump': () => this.#dump,
      'dump-guest-memory': ({ args }) => this.#dumpMemory(String(args['protocol'])),
      cont: (request, qemu) => {
        if (this.status === 'shutdown') return qemu.refuse(request, 'Resetting the Virtual Machine is required');
        this.#move('running', 'RESUME');
        return {};
      },
      stop: () => {
        if (this.status === 'running') this.#move('paused', 'STOP');
        return {};
      },
      system_powerdown: (_request, qemu) => {
        qemu.event('POWERDOWN');
        return {};
      },
      system_reset: (_request, qemu) => {
        qemu.event('RESET', { guest: false, reason: 'host-qmp-system-reset' });
        if (this.status === 'shutdown') this.status = 'paused';
        this.#greeted = false;
        return {};
      },
      quit: (request, qemu) => {
        qemu.reply(request, {});
        this.#end('host-qmp-quit');
        return noReply;
      },
    };
  }

  /** In the background, as with `detach`. */
  #dumpMemory(protocol: string): object {
    this.#dump = { status: 'active', completed: 0, total: dumpBytes };
    setTimeout(() => {
      writeFileSync(protocol.replace(/^file:/, ''), Buffer.alloc(dumpBytes, 1));
      this.#dump = { status: 'completed', completed: dumpBytes, total: dumpBytes };
      this.#qemu?.event('DUMP_COMPLETED', { result: this.#dump });
    }, dumpMs);
    return {};
  }

  #peripherals(): readonly { readonly name: string; readonly type: string; readonly drive: boolean }[] {
    return valuesOf('-device').map(fields).flatMap(({ id, driver, drive }) => (id === undefined ? [] : [{ name: id, type: `child<${driver}>`, drive: drive !== undefined }]));
  }

  #move(status: Status, event: 'RESUME' | 'STOP'): void {
    if (this.status === status) return;
    this.status = status;
    this.#qemu?.event(event);
    if (status !== 'running') return;
    if (!this.#greeted) this.#print('BOOT-SECTOR-READY\r\n');
    this.#greeted = true;
    for (const console of this.#consoles) this.#obey(console, console.typed);
  }

  /** As -no-shutdown has it: the guest is off, QEMU waits. */
  #powerOff(): void {
    this.#qemu?.event('SHUTDOWN', { guest: true, reason: 'guest-shutdown' });
    this.#move('shutdown', 'STOP');
  }

  #print(text: string): void {
    for (const { logFile, client } of this.#consoles) {
      if (logFile !== undefined) appendFileSync(logFile, text);
      client?.write(text);
    }
  }

  #obey(console: { typed: string }, text: string): void {
    console.typed = '';
    if (text === '') return;
    if (this.status !== 'running') console.typed = text;
    else if (text.includes('Q')) this.#powerOff();
    else this.#print(text);
  }

  async #listen(console: { readonly alias: string; readonly path: string; readonly logFile: string | undefined; client: net.Socket | null; typed: string }): Promise<void> {
    this.#consoles.push(console);
    const server = net.createServer((client) => {
      console.client = client;
      client.on('error', () => {}).once('close', () => (console.client = null));
      client.on('data', (bytes: Buffer) => this.#obey(console, console.typed + bytes.toString()));
    });
    await new Promise<void>((resolve, reject) => void server.once('error', reject).listen(console.path, resolve));
  }

  #end(reason: string): void {
    this.#qemu?.event('SHUTDOWN', { guest: false, reason });
    setImmediate(() => process.exit(0));
  }
}

// As QEMU does without its run folder: it says why, and ends.
await new Machine().run().catch((error: unknown) => {
  process.stderr.write(`qemu-system-scripted: ${String(error)}\n`);
  process.exit(1);
});

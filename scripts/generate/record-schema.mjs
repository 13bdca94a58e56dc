/** Asks a real QEMU for the description of its monitor and keeps what the generator and the fake QEMU need of it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import readline from 'node:readline';

/** The recording's text: JSON, one entry of the schema a line, so that a difference between two QEMUs can be read. */
export async function recordSchema(binary) {
  const options = ['-S', '-no-user-config', '-nodefaults', '-display', 'none', '-machine', 'none,accel=tcg', '-qmp', 'stdio'];
  const qemu = spawn(binary, options, { stdio: ['pipe', 'pipe', 'inherit'] });
  const limit = setTimeout(() => qemu.kill('SIGKILL'), 30_000);
  try {
    for (const execute of ['qmp_capabilities', 'query-version', 'query-qmp-schema', 'quit']) {
      qemu.stdin.write(`${JSON.stringify({ execute, id: execute })}\n`);
    }
    const replies = new Map();
    for await (const line of readline.createInterface({ input: qemu.stdout })) {
      const message = JSON.parse(line);
      if (message.id !== undefined) replies.set(message.id, message.return);
    }
    const { major, minor, micro } = replies.get('query-version').qemu;
    const entries = replies.get('query-qmp-schema').map((entry) => JSON.stringify(compact(entry)));
    return `{"qemu":"${major}.${minor}.${micro}","schema":[\n${entries.join(',\n')}\n]}\n`;
  } finally {
    clearTimeout(limit);
    if (qemu.exitCode === null && qemu.signalCode === null) {
      qemu.kill('SIGKILL');
      await once(qemu, 'exit');
    }
  }
}

/** An enumeration lists its values twice since QEMU 6.2; the plain list says all that we use. */
function compact(entry) {
  if (entry['meta-type'] !== 'enum') return entry;
  const { members: _, ...rest } = entry;
  return rest;
}

/**
 * An emulator whose behaviour a test changes without changing the file: a probe of its capabilities is kept by the
 * file's state, so that only the start meets what the script says. By itself it is the system's QEMU.
 */
import { chmod, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

const wrapper = `#!/bin/sh
if [ -f "$0.script" ]; then . "$0.script"; fi
exec qemu-system-x86_64 "$@"
`;

export interface ScriptedEmulator {
  readonly path: string;
  /** Shell text that runs before QEMU would; null makes it QEMU again. */
  behave(script: string | null): Promise<void>;
}

export async function scriptedEmulator(folder: string): Promise<ScriptedEmulator> {
  const file = path.join(folder, 'qemu-system-scripted');
  await writeFile(file, wrapper);
  await chmod(file, 0o755);
  return {
    path: file,
    behave: (script) => (script === null ? rm(`${file}.script`, { force: true }) : writeFile(`${file}.script`, `${script}\n`)),
  };
}

/** Shell text: a monitor that greets, answers `answers` commands, and then dies with words on stderr. */
export function monitorThatDies(answers: number): string {
  return `exec ${process.execPath} -e '${dyingMonitor}' ${answers} "$@"`;
}

/** Shell text: no QEMU but its monitor, which answers the few commands of a start and babbles when asked to. */
export function monitorThatBabbles(): string {
  return `exec ${process.execPath} -e '${babblingMonitor}' monitor "$@"`;
}

const babblingMonitor = `
const socket = /path=([^,]*)/.exec(process.argv.find((arg) => /path=[^,]*\\/m,/.test(arg)))[1];
const answers = { "query-chardev": [], "query-cpus-fast": [], "query-cpu-definitions": [], "qom-list": [], "query-status": { status: "running", singlestep: false, running: true } };
require("net").createServer((client) => {
  client.write(JSON.stringify({ QMP: { version: { qemu: { micro: 22, minor: 2, major: 7 }, package: "" }, capabilities: [] } }) + "\\r\\n");
  client.on("data", (data) => {
    const { execute, id } = JSON.parse(data);
    client.write(execute === "babble" ? "blah\\r\\n" : JSON.stringify({ return: answers[execute] ?? {}, id }) + "\\r\\n");
  });
}).listen(socket);
`;

const dyingMonitor = `
const [answers, ...argv] = process.argv.slice(1);
const socket = /path=([^,]*)/.exec(argv.find((arg) => /path=[^,]*\\/m,/.test(arg)))[1];
let left = Number(answers);
require("net").createServer((client) => {
  client.write(JSON.stringify({ QMP: { version: { qemu: { micro: 22, minor: 2, major: 7 }, package: "" }, capabilities: [] } }) + "\\r\\n");
  client.on("data", (data) => {
    const { id } = JSON.parse(data);
    if (left-- > 0) return client.write(JSON.stringify({ return: {}, id }) + "\\r\\n");
    process.stderr.write("the monitor had enough\\n", () => process.exit(4));
  });
}).listen(socket);
`;

/**
 * Shell text: no QEMU but its monitor, which answers a start and says what it is told to: `tell` takes a list of events,
 * how often it is said, and the events that follow. It writes as fast as it is read.
 */
export function monitorThatTells(): string {
  return `exec ${process.execPath} -e '${tellingMonitor}' monitor "$@"`;
}

const tellingMonitor = `
const socket = /path=([^,]*)/.exec(process.argv.find((arg) => /path=[^,]*\\/m,/.test(arg)))[1];
let running = false;
const answer = (command) => {
  if (command === "cont" || command === "stop") running = command === "cont";
  if (command === "query-status") return { status: running ? "running" : "paused", singlestep: false, running };
  return /^(query-|qom-list)/.test(command) ? [] : {};
};
const line = (event, data = {}) => JSON.stringify({ timestamp: { seconds: 1, microseconds: 0 }, event, data }) + "\\r\\n";
async function tell(client, { events, times, last, afterMs }) {
  await new Promise((resolve) => setTimeout(resolve, afterMs));
  const text = events.map(([name, data]) => line(name, data)).join("");
  for (let said = 0; said < times; said++) if (!client.write(text)) await new Promise((resolve) => client.once("drain", resolve));
  for (const [name, data] of last) client.write(line(name, data));
}
require("net").createServer((client) => {
  client.write(JSON.stringify({ QMP: { version: { qemu: { micro: 22, minor: 2, major: 7 }, package: "" }, capabilities: [] } }) + "\\r\\n");
  let text = "";
  client.on("error", () => {});
  client.on("data", (data) => {
    const lines = (text + data).split("\\n");
    text = lines.pop();
    for (const each of lines) {
      const { execute, arguments: args, id } = JSON.parse(each);
      if (execute === "cont") client.write(line("RESUME"));
      if (execute === "stop") client.write(line("STOP"));
      client.write(JSON.stringify({ return: answer(execute), id }) + "\\r\\n");
      if (execute === "tell") void tell(client, args);
    }
  });
}).listen(socket);
`;

/** The sample guest's shell, as a test that wants something of the guest itself uses it. */
import type { GuestConsole } from './guest-console.ts';

export async function logIn(serial: GuestConsole): Promise<void> {
  await serial.waitFor(/login: $/);
  await serial.type('root\n');
  await serial.waitFor(/# /);
}

/** The guest offers its login before everything in it is up; a button pressed earlier than this is not seen. */
export async function untilButtonIsSeen(serial: GuestConsole): Promise<void> {
  await serial.type('until ls -l /proc/$(pidof acpid)/fd 2>&1 | grep -q input; do sleep 0.1; done; echo button\n');
  await serial.waitFor(/^button/m);
}

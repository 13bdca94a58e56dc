/**
 * Accounts inside a guest: passwords and SSH keys. What is set here opens the guest, so a password stands in no log, no
 * error and no event; the agent's debug lines name commands only.
 */
import type { Domain } from '../domain/domain.ts';
import type { Call } from '../job/call.ts';
import { withDomainAgent } from './agent-session.ts';
import type { ProcessContext } from './process-context.ts';

export interface NewPassword {
  readonly user: string;
  readonly password: string;
  /** It is a hash in the guest's own form already. */
  readonly encrypted: boolean;
}

export async function setUserPassword(context: ProcessContext, call: Call, domain: Domain, { user, password, encrypted }: NewPassword): Promise<void> {
  const args = { username: user, password: Buffer.from(password, 'utf8').toString('base64'), crypted: encrypted };
  await withDomainAgent(context, call, domain, 'modify', (agent) => agent.execute('guest-set-user-password', args));
}

/** The lines of the user's authorized_keys file. */
export async function readAuthorizedKeys(context: ProcessContext, call: Call, domain: Domain, user: string): Promise<readonly string[]> {
  return await withDomainAgent(context, call, domain, 'query', async (agent) => (await agent.execute('guest-ssh-get-authorized-keys', { username: user })).keys);
}

/** `replace` leaves the user with these keys alone. */
export type KeyChange = 'append' | 'replace' | 'remove';

export async function changeAuthorizedKeys(context: ProcessContext, call: Call, domain: Domain, user: string, keys: readonly string[], change: KeyChange): Promise<void> {
  await withDomainAgent(context, call, domain, 'modify', async (agent) => {
    if (change === 'remove') await agent.execute('guest-ssh-remove-authorized-keys', { username: user, keys });
    else await agent.execute('guest-ssh-add-authorized-keys', { username: user, keys, reset: change === 'replace' });
  });
}

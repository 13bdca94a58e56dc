/** A client of another host, by the host's URI: through its state folder's socket, or through ssh. */
import { stat } from 'node:fs/promises';
import { VireoError } from '../base/errors.ts';
import { stateLayout } from '../status/state-folder.ts';
import type { Client } from './client.ts';
import { parseHostUri } from './host-uri.ts';
import { connectLocal, greetHost, isNobodyThere } from './local-client.ts';
import { openSsh } from './ssh-carrier.ts';

export interface HostCarriers {
  /** The host of a state folder that is there, started where none runs; without it only a running one is reached. */
  readonly reachFolder?: (stateFolder: string, label: string, signal: AbortSignal) => Promise<Client>;
  /** Another ssh (VIREO_SSH). */
  readonly sshProgram?: string | undefined;
}

const connectTimeoutMs = 10_000;

/** @throws INVALID_ARG for what is no host's URI, SYSTEM_ERROR, RPC for a host of another protocol, or the signal's reason. */
export async function connectHost(uri: string, label: string, carriers: HostCarriers, signal: AbortSignal): Promise<Client> {
  const parsed = parseHostUri(uri);
  if (parsed.kind === 'unix') return connectFolder(parsed.home, label, carriers, signal);
  const carrier = openSsh(parsed, carriers.sshProgram);
  return greetHost(carrier.stream, label, signal, () => carrier.failure());
}

async function connectFolder(home: string, label: string, { reachFolder }: HostCarriers, signal: AbortSignal): Promise<Client> {
  const layout = stateLayout(home);
  // A mistyped folder must not become a host's: it would be closed to others, and filled.
  const isOne = await stat(layout.hostUuidFile).then(() => true, () => false);
  if (!isOne) throw new VireoError('SYSTEM_ERROR', `there is no state folder at ${home}; 'vireo --home ${home} host' makes one`, { details: { path: home, errno: 'ENOENT' } });
  if (reachFolder) return reachFolder(home, label, signal);
  try {
    return await connectLocal(layout.socket, label, { deadlineMs: connectTimeoutMs, signal });
  } catch (error) {
    if (!isNobodyThere(error)) throw error;
    throw new VireoError('SYSTEM_ERROR', `no Vireo host serves ${home}; start one with 'vireo --home ${home} host'`, { cause: error, details: { path: home, errno: 'ECONNREFUSED' } });
  }
}

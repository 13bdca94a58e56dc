/** `<source protocol=...>`: storage that is reached over a network, each protocol with what it knows. */
import { attribute, child, children, type Infer, mapped, object, optional, secret, text, union } from '../../conf/codec/codec.ts';
import { anyText, integer, oneOf, someText, yesNo } from '../../conf/codec/scalar.ts';
import { encryptionField, type ExtraFields, indexField, sliceField } from './source-fields.ts';
import { authCodec } from './storage-encryption.ts';
import { absolutePath, hostName, objectName } from './storage-words.ts';

/** TCP is what is meant where nothing is said, and is written so. */
const transport = mapped(
  optional(attribute('transport', oneOf(['tcp', 'unix', 'rdma']))),
  (word) => (word === 'tcp' ? null : word),
  (word) => word,
);

const hostFields = object({
  name: optional(attribute('name', hostName)),
  /** Null until the definition is completed: the protocol's own. */
  port: optional(attribute('port', integer(0, 65_535))),
  transport,
  socket: optional(attribute('socket', absolutePath)),
});

/** For generators: a server has a name, or a socket. */
const reachableHost = mapped(
  union('transport', { tcp: object({ name: attribute('name', hostName), port: optional(attribute('port', integer(1, 65_535))) }), unix: object({ socket: attribute('socket', absolutePath) }) }),
  (host): Infer<typeof hostFields> => (host.transport === 'unix' ? { name: null, port: null, transport: 'unix', socket: host.socket } : { name: host.name, port: host.port, transport: null, socket: null }),
  ({ name }) => ({ transport: 'tcp' as const, name: name ?? '', port: null }),
);

/** A server of network storage. */
export const storageHostCodec = { ...hostFields, shape: reachableHost.shape };

const whole = integer(1, Number.MAX_SAFE_INTEGER);
const hosts = { hosts: children('host', storageHostCodec) } as const;
const name = { name: attribute('name', someText) } as const;
const auth = { auth: optional(child('auth', authCodec)) } as const;
const tls = { tls: optional(attribute('tls', yesNo)) } as const;
const sslVerify = { sslVerify: optional(child('ssl', attribute('verify', yesNo))) } as const;
const httpCookies = {
  cookies: secret(optional(child('cookies', object({ list: children('cookie', object({ name: attribute('name', someText), value: text(anyText) })) })))),
} as const;
const pace = {
  readaheadBytes: optional(child('readahead', attribute('size', whole))),
  timeoutSeconds: optional(child('timeout', attribute('seconds', whole))),
} as const;
const query = { query: optional(attribute('query', someText)) } as const;

/** `extra` ends every source; see storage-source.ts. */
export function networkSourceCodec<const E extends ExtraFields>(extra: E) {
  const ending = { ...encryptionField, ...extra } as const;
  const open = { ...sliceField, ...ending } as const;
  const guarded = { ...sliceField, ...auth, ...ending } as const;
  const server = { ...indexField, ...hosts } as const;
  return union('protocol', {
    nbd: object({
      name: optional(attribute('name', someText)), ...tls, tlsHostname: optional(attribute('tlsHostname', someText)), ...server,
      reconnectDelaySeconds: optional(child('reconnect', attribute('delay', integer(0, 0xffff_ffff)))), ...open,
    }),
    rbd: object({
      ...name, ...server, snapshot: optional(child('snapshot', attribute('name', objectName))),
      config: optional(child('config', attribute('file', absolutePath))), ...guarded,
    }),
    iscsi: object({ ...name, ...server, initiator: optional(child('initiator', child('iqn', attribute('name', someText)))), ...guarded }),
    gluster: object({ ...name, ...server, ...open }),
    http: object({ ...name, ...query, ...server, ...httpCookies, ...pace, ...guarded }),
    https: object({ ...name, ...query, ...server, ...sslVerify, ...httpCookies, ...pace, ...guarded }),
    ftp: object({ ...name, ...server, ...pace, ...guarded }),
    ftps: object({ ...name, ...server, ...sslVerify, ...pace, ...guarded }),
    tftp: object({ ...name, ...server, ...open }),
    ssh: object({
      ...name, ...server, knownHosts: optional(child('knownHosts', attribute('path', absolutePath))),
      identity: optional(child('identity', object({
        username: attribute('username', objectName), keyfile: optional(attribute('keyfile', absolutePath)), agentSocket: optional(attribute('agentsock', absolutePath)),
      }))),
      ...guarded,
    }),
    nfs: object({
      ...name, ...server,
      identity: optional(child('identity', object({ user: optional(attribute('user', objectName)), group: optional(attribute('group', objectName)) }))), ...open,
    }),
    sheepdog: object({ ...name, ...server, ...open }),
    vxhs: object({ ...name, ...tls, ...server, ...open }),
  });
}

const plainNetworkSource = networkSourceCodec({});

export type NetworkSource = Infer<typeof plainNetworkSource>;
export type NetworkProtocol = NetworkSource['protocol'];
export type StorageHost = Infer<typeof storageHostCodec>;
export type SourceOf<P extends NetworkProtocol> = Extract<NetworkSource, { readonly protocol: P }>;

/** Where a server listens unless the definition says otherwise; 0 for protocols that look it up themselves. */
export const defaultPorts: Readonly<Record<NetworkProtocol, number>> = {
  nbd: 10_809, rbd: 0, iscsi: 3260, gluster: 24_007, http: 80, https: 443, ftp: 21, ftps: 990, tftp: 69, ssh: 22, nfs: 0, sheepdog: 7000, vxhs: 9999,
};

/** Certificates as QEMU wants them in a folder (ca-cert.pem, server-cert.pem, server-key.pem), made anew for a test by openssl. */
import { execFile } from 'node:child_process';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Whether the program that makes them is here; a test without it skips itself. */
export async function canMakeCertificates(): Promise<boolean> {
  return await run('openssl', ['version']).then(() => true, () => false);
}

/** An authority of its own for each folder. @returns its certificate, for clients. */
export async function makeCertificates(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  const at = (name: string): string => path.join(folder, name);
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  await run('openssl', ['req', '-x509', ...newKey, '-keyout', at('ca-key.pem'), '-out', at('ca-cert.pem'), '-days', '2', '-subj', '/CN=Test authority', '-addext', 'keyUsage=critical,keyCertSign']);
  await renewServer(folder, 'first');
  return await readFile(at('ca-cert.pem'), 'utf8');
}

/** Puts another server's certificate of the same authority in place of the one that is there. */
export async function renewServer(folder: string, name: string): Promise<void> {
  const at = (file: string): string => path.join(folder, file);
  await run('openssl', ['req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', at('new-key.pem'), '-out', at('request.pem'), '-subj', `/CN=${name}`]);
  await writeFile(at('extensions'), 'basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature,keyEncipherment\nextendedKeyUsage=serverAuth\nsubjectAltName=DNS:localhost\n');
  await run('openssl', ['x509', '-req', '-in', at('request.pem'), '-CA', at('ca-cert.pem'), '-CAkey', at('ca-key.pem'), '-CAcreateserial', '-days', '2', '-extfile', at('extensions'), '-out', at('new-cert.pem')]);
  await copyFile(at('new-key.pem'), at('server-key.pem'));
  await copyFile(at('new-cert.pem'), at('server-cert.pem'));
}

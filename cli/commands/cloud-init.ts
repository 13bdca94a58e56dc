/** cloud-init-seed: the image that tells a cloud image its name, its first user and its network. */
import path from 'node:path';
import { writeAtomic } from '../../core/base/atomic-file.ts';
import { cloudConfigFor, cloudInitSeed } from '../../core/storage/cloud-init-seed.ts';
import { type Command, command } from '../command.ts';
import { CommandError } from '../command-error.ts';
import { readTextFile } from '../read-text-file.ts';

export const cloudInitSeedCommand: Command = command({
  name: 'cloud-init-seed',
  group: 'host',
  summary: 'write an image with which a cloud image is set up',
  description: 'Write an ISO image of the volume cidata (cloud-init, NoCloud), to be attached to a domain as a CD-ROM. Give either user data or a user.',
  options: {
    output: { type: 'string', required: true, help: 'the image to write' },
    'user-data': { type: 'string', help: 'file with user data' },
    user: { type: 'string', help: 'name of the first user, who may become root' },
    'ssh-key': { type: 'string', help: "file with the first user's public keys" },
    'meta-data': { type: 'string', help: 'file with meta data' },
    'network-config': { type: 'string', help: 'file with the network configuration' },
    hostname: { type: 'string', help: "the guest's name; the image's own where it is left out" },
  },
  async run(context, values) {
    const read = async (name: string | null): Promise<string | null> => (name === null ? null : await readTextFile(context, name, 'text for cloud-init', 1 << 20));
    const { user } = values;
    if ((values['user-data'] === null) === (user === null)) throw new CommandError('INVALID_ARG', 'Either --user-data or --user is needed');
    const keys = (await read(values['ssh-key']))?.split('\n').map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#')) ?? [];
    if (user !== null && keys.length === 0) throw new CommandError('INVALID_ARG', `User '${user}' has no key: nobody could log in (--ssh-key)`);
    const file = path.resolve(context.folder, values.output);
    const seed = {
      userData: user === null ? ((await read(values['user-data'])) ?? '') : cloudConfigFor({ name: user, authorizedKeys: keys, passwordHash: null }),
      metaData: await read(values['meta-data']),
      networkConfig: await read(values['network-config']),
      hostname: values.hostname ?? path.basename(file).replace(/\.[^.]*$/, ''),
    };
    await writeAtomic(file, cloudInitSeed(seed, new Date()));
    context.output.done({ path: file }, `Seed written to '${file}'`);
  },
});

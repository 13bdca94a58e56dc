/**
 * Packages of the built app: what dist/ and assets/ hold and nothing else, since everything but Electron and node-pty is
 * bundled. scripts/build.mjs builds before Forge packs.
 */
import { MakerDeb } from '@electron-forge/maker-deb';
import { MakerZIP } from '@electron-forge/maker-zip';
import { FusesPlugin } from '@electron-forge/plugin-fuses';
import type { ForgeConfig } from '@electron-forge/shared-types';
import { FuseV1Options, FuseVersion } from '@electron/fuses';

const packed = ['/dist', '/assets', '/package.json', '/node_modules/node-pty'];
/** Sources, other platforms' builds and maps, which the program does not read. */
const left = [/^\/dist\/\.stamp$/, /\.map$/, /^\/node_modules\/node-pty\/(src|deps|third_party|scripts|typings|prebuilds|binding\.gyp)/, /^\/node_modules\/node-pty\/build\/(?!Release\/(pty\.node|spawn-helper)$|Release$|$)/];

/** Forge asks about each path from the top, so the folders above what is packed are packed too. */
function isLeftOut(file: string): boolean {
  if (file === '') return false;
  const isPacked = packed.some((folder) => file === folder || file.startsWith(`${folder}/`) || folder.startsWith(`${file}/`));
  return !isPacked || left.some((pattern) => pattern.test(file));
}

/** Playwright needs the inspector, which a package for people does not have. */
const isTestBuild = process.env['VIREO_TESTABLE'] === '1';
const zipFolder = process.env['VIREO_ELECTRON_ZIP_DIR'];

const config: ForgeConfig = {
  packagerConfig: {
    name: 'Vireo',
    executableName: 'vireo',
    icon: 'assets/icon',
    asar: { unpack: '**/*.node' },
    prune: false,
    ignore: isLeftOut,
    extraResource: ['LICENSE', 'dist/third-party-notices.txt'], // to be read without the program
    ...(zipFolder ? { electronZipDir: zipFolder } : {}),
  },
  rebuildConfig: { onlyModules: [] }, // node-pty is built against N-API, which every Electron has
  makers: [
    new MakerDeb({ options: { name: 'vireo', productName: 'Vireo', bin: 'vireo', icon: 'assets/icon.png', categories: ['System'], section: 'admin', depends: ['qemu-system-x86'] } }),
    new MakerZIP({}, ['linux', 'darwin', 'win32']),
  ],
  plugins: [
    new FusesPlugin({
      version: FuseVersion.V1,
      strictlyRequireAllFuses: false,
      [FuseV1Options.RunAsNode]: false,
      [FuseV1Options.EnableCookieEncryption]: false,
      [FuseV1Options.EnableNodeOptionsEnvironmentVariable]: false,
      [FuseV1Options.EnableNodeCliInspectArguments]: isTestBuild,
      [FuseV1Options.EnableEmbeddedAsarIntegrityValidation]: true,
      [FuseV1Options.OnlyLoadAppFromAsar]: true,
      [FuseV1Options.LoadBrowserProcessSpecificV8Snapshot]: false,
      [FuseV1Options.GrantFileProtocolExtraPrivileges]: false,
    }),
  ],
};

export default config;

/**
 * What one QEMU binary can do, as it said itself over QMP. Immutable and shared by reference: a running domain keeps
 * the capabilities that it was started with, whatever the binary becomes meanwhile.
 */

export interface QemuVersion {
  readonly major: number;
  readonly minor: number;
  readonly micro: number;
  /** The distribution's package text, empty where there is none. */
  readonly package: string;
}

/** One entry of query-machines. */
export interface MachineType {
  readonly name: string;
  /** The name it is known by beside its own: `q35` for `pc-q35-7.2`. */
  readonly alias: string | null;
  readonly isDefault: boolean;
  readonly maximumCpus: number;
  readonly hotpluggableCpus: boolean;
  readonly deprecated: boolean;
}

export type Accelerator = 'kvm' | 'hvf' | 'whpx' | 'tcg';

export interface QemuCapabilities {
  /** Name under which these capabilities are kept on disk: a digest of the binary's path, mtime and size. */
  readonly key: string;
  /** The binary's real path when it was probed. */
  readonly binary: string;
  /** Architecture in libvirt's spelling: x86_64, aarch64, s390x, ... */
  readonly arch: string;
  readonly version: QemuVersion;
  readonly machines: readonly MachineType[];
  /** Every device type that -device takes (qom-list-types implements=device, not abstract). */
  readonly deviceTypes: ReadonlySet<string>;
  /** Every object type that -object takes. */
  readonly objectTypes: ReadonlySet<string>;
  readonly commands: ReadonlySet<string>;
  readonly events: ReadonlySet<string>;
  readonly cpuModels: readonly string[];
  /** The options of the command line that QEMU describes, each with its parameters. */
  readonly commandLineOptions: ReadonlyMap<string, ReadonlySet<string>>;
  /** Accelerators compiled into the binary; whether one works on this host is a different question. */
  readonly accelerators: readonly Accelerator[];
}

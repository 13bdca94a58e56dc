/**
 * Writes test/corpus/virt-install: definitions as people get them who never write XML, made by virt-install without a
 * libvirt. It is run by hand where virt-install is installed, and its results are committed.
 *
 *   node scripts/generate/virt-install-corpus.mjs
 */
import { readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { projectRoot } from '../setup/project.mjs';
import { outcomeOf } from '../setup/run-command.mjs';

const folder = path.join(projectRoot, 'test/corpus/virt-install');
const capabilities = path.join(projectRoot, 'test/golden/capabilities');
/** virt-install's own way to run against documents instead of a daemon; names and addresses are the same in every run. */
const connection = `__virtinst_test__test:///default,predictable,fakeuri=qemu:///system,caps=${capabilities}/host.xml,domcaps=${capabilities}/domain-q35.xml`;
const common = '--print-xml --dry-run --import --virt-type qemu --memory 1024 --network user';

/** What differs from one to the next; `--disk none` unless it names disks. */
const cases = {
  'plain-linux': '--osinfo debian11',
  'plain-windows': '--osinfo win10',
  'generic-os': '--osinfo generic',
  'old-linux': '--osinfo rhel5.4',
  'freebsd': '--osinfo freebsd13.0',
  'machine-pc': '--osinfo debian11 --machine pc',
  'uefi': '--osinfo debian11 --boot firmware=efi',
  'uefi-secure': '--osinfo debian11 --boot firmware=efi,firmware.feature0.name=secure-boot,firmware.feature0.enabled=yes,firmware.feature1.name=enrolled-keys,firmware.feature1.enabled=yes',
  'uefi-loader': '--osinfo debian11 --boot loader=/usr/share/OVMF/OVMF_CODE_4M.fd,loader.readonly=yes,loader.type=pflash,nvram.template=/usr/share/OVMF/OVMF_VARS_4M.fd',
  'direct-kernel': '--osinfo debian11 --boot kernel=/boot/vmlinuz,initrd=/boot/initrd.img,kernel_args="console=ttyS0 root=/dev/vda"',
  'boot-menu': '--osinfo debian11 --boot menu=on,useserial=on,rebootTimeout=5',
  'boot-network-first': '--osinfo debian11 --boot network,hd',
  'disk-virtio-qcow2': '--osinfo debian11 --disk /images/a.qcow2,size=1,format=qcow2,bus=virtio,cache=none,io=native,discard=unmap',
  'disk-sata-raw': '--osinfo debian11 --disk /images/a.img,size=1,format=raw,bus=sata,serial=WD-1234',
  'disk-scsi-several': '--osinfo debian11 --controller scsi,model=virtio-scsi --disk /images/a.img,size=1,bus=scsi --disk /images/b.img,size=1,bus=scsi,driver.detect_zeroes=unmap,discard=unmap',
  'disk-block-shared': '--osinfo debian11 --disk type=block,source.dev=/dev/null,bus=virtio,shareable=on,readonly=on',
  'disk-cdrom-floppy': '--osinfo win10 --disk device=cdrom,bus=sata --disk device=floppy,bus=fdc',
  'disk-network-nbd': '--osinfo debian11 --disk type=network,source.protocol=nbd,source.name=export,source.host0.name=example.org,source.host0.port=10809',
  'disk-iotune': '--osinfo debian11 --disk /images/a.img,size=1,iotune.read_bytes_sec=1000000,iotune.write_iops_sec=200',
  'network-bridge': '--osinfo debian11 --network bridge=br0,model=virtio,mac=52:54:00:11:22:33',
  'network-macvtap': '--osinfo debian11 --network type=direct,source=eth0,source.mode=bridge',
  'network-several': '--osinfo debian11 --network user,model=e1000e --network type=user,model=rtl8139,boot.order=1',
  'graphics-vnc': '--osinfo debian11 --graphics vnc,listen=0.0.0.0,port=5901,password=secret',
  'graphics-spice': '--osinfo debian11 --graphics spice,listen=none --video qxl --channel spicevmc --redirdev usb,type=spicevmc --sound ich9',
  'graphics-none': '--osinfo debian11 --graphics none --console pty,target.type=virtio',
  'tpm-emulator': '--osinfo win11 --tpm backend.type=emulator,backend.version=2.0,model=tpm-crb',
  'memory-hugepages': '--osinfo debian11 --memorybacking hugepages=on,locked=on,nosharepages=on',
  'memory-shared-virtiofs': '--osinfo debian11 --memorybacking source.type=memfd,access.mode=shared --filesystem source.dir=/srv,target.dir=srv,driver.type=virtiofs',
  'memory-hotplug': '--osinfo debian11 --xml ./maxMemory=8388608 --xml ./maxMemory/@slots=4 --xml ./maxMemory/@unit=KiB --cpu host-passthrough,numa.cell0.id=0,numa.cell0.cpus=0,numa.cell0.memory=1048576 --vcpus 1',
  'filesystem-9p': '--osinfo debian11 --filesystem /srv,srv,mode=mapped',
  'cpu-host-passthrough': '--osinfo debian11 --cpu host-passthrough,cache.mode=passthrough --vcpus 4,sockets=1,cores=2,threads=2',
  'cpu-host-model': '--osinfo debian11 --cpu host-model',
  'cpu-named-features': '--osinfo debian11 --cpu Nehalem,+aes,-x2apic,require=sse4.2',
  'vcpus-hotplug': '--osinfo debian11 --vcpus 2,maxvcpus=8',
  'numa-two-cells': '--osinfo debian11 --vcpus 4 --cpu Nehalem,numa.cell0.cpus=0-1,numa.cell0.memory=524288,numa.cell1.cpus=2-3,numa.cell1.memory=524288',
  'tuning': '--osinfo debian11 --cputune vcpupin0.vcpu=0,vcpupin0.cpuset=0-1,shares=2048 --numatune 0-1,mode=strict --memtune hard_limit=4194304 --iothreads 2',
  'serial-several': '--osinfo debian11 --serial pty --serial tcp,host=:2222,mode=bind,protocol=telnet --serial file,path=/tmp/a.log --parallel unix,path=/tmp/lp',
  'watchdog-panic-vsock': '--osinfo debian11 --watchdog i6300esb,action=pause --panic iobase=0x505 --vsock cid.auto=yes',
  'hostdev-usb': '--osinfo debian11 --xml ./devices/hostdev/@mode=subsystem --xml ./devices/hostdev/@type=usb --xml ./devices/hostdev/source/vendor/@id=0x1234 --xml ./devices/hostdev/source/product/@id=0xabcd',
  'input-rng-iommu': '--osinfo debian11 --input keyboard,bus=virtio --rng builtin --iommu model=intel,driver.intremap=on,driver.caching_mode=on --features ioapic.driver=qemu',
  'smbios-sysinfo': '--osinfo debian11 --sysinfo bios.vendor="Example Inc.",system.serial=42 --os-variant debian11',
  'qemu-arguments': '--osinfo debian11 --qemu-commandline="-global isa-debugcon.iobase=0x402" --qemu-commandline=env=QEMU_AUDIO_DRV=none',
  'metadata-text': '--osinfo debian11 --metadata title="A <title> & more",description="Über größere Fälle: 日本語"',
  'events-and-clock': '--osinfo win10 --events on_reboot=destroy,on_crash=preserve --clock offset=localtime,hypervclock_present=yes',
  'launch-security': '--osinfo debian11 --launchSecurity type=sev,policy=0x03,cbitpos=47,reducedPhysBits=1 --boot firmware=efi',
};

/** Words of a shell's line, without a shell. @param {string} line */
function wordsOf(line) {
  return [...line.matchAll(/(?:[^\s"]|"[^"]*")+/g)].map(([word]) => word.replaceAll('"', ''));
}

for (const name of await readdir(folder).catch(() => [])) if (name.endsWith('.xml')) await rm(path.join(folder, name));
let failed = 0;
for (const [name, line] of Object.entries(cases)) {
  const disks = line.includes('--disk') || line.includes('cdrom') ? [] : ['--disk', 'none'];
  const base = wordsOf(common).filter((word, at, all) => !(line.includes('--memory ') && (word === '--memory' || all[at - 1] === '--memory')) && !(line.includes('--network ') && (word === '--network' || all[at - 1] === '--network')));
  const outcome = await outcomeOf('virt-install', ['--connect', connection, '--name', name, ...base, ...disks, ...wordsOf(line)], { timeoutMs: 60_000 });
  const start = outcome.stdout.indexOf('<domain');
  if (outcome.code === 0 && start >= 0) {
    await writeFile(path.join(folder, `${name}.xml`), outcome.stdout.slice(start));
    continue;
  }
  failed += 1;
  console.error(`${name}: ${outcome.stderr.trim().split('\n').at(-1)}`);
}
console.log(`${Object.keys(cases).length - failed} definitions written, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;

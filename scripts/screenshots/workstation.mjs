/** A definition with nearly every kind of device, for pictures of a crowded domain. Nothing that it names has to be there. */
export const workstation = `<domain type='qemu'>
  <name>workstation</name>
  <title>Drawing office</title>
  <maxMemory slots='4' unit='GiB'>8</maxMemory>
  <memory unit='MiB'>1536</memory>
  <vcpu>2</vcpu>
  <os>
    <type arch='x86_64' machine='q35'>hvm</type>
    <loader readonly='yes' type='pflash'>/usr/share/OVMF/OVMF_CODE_4M.fd</loader>
    <nvram template='/usr/share/OVMF/OVMF_VARS_4M.fd'>/srv/nvram/workstation_VARS.fd</nvram>
  </os>
  <features><acpi/></features>
  <cpu mode='maximum'><numa><cell id='0' cpus='0-1' memory='1024' unit='MiB'/></numa></cpu>
  <memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking>
  <devices>
    <disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='/srv/images/system.qcow2'/><target dev='vda' bus='virtio'/></disk>
    <disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='/srv/images/projects.qcow2'/><target dev='sda' bus='scsi'/></disk>
    <disk type='file' device='cdrom'><target dev='sdb' bus='sata'/><readonly/></disk>
    <controller type='scsi' model='virtio-scsi'/>
    <controller type='usb' model='qemu-xhci'/>
    <filesystem type='mount'><driver type='virtiofs'/><source dir='/srv/shared/projects'/><target dir='projects'/></filesystem>
    <interface type='user'><model type='virtio'/></interface>
    <interface type='bridge'><source bridge='br0'/><model type='virtio'/></interface>
    <serial type='pty'/>
    <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
    <channel type='spicevmc'><target type='virtio' name='com.redhat.spice.0'/></channel>
    <input type='tablet' bus='usb'/>
    <tpm model='tpm-crb'><backend type='emulator' version='2.0'/></tpm>
    <graphics type='spice' autoport='yes'/>
    <sound model='ich9'><codec type='duplex'/></sound>
    <video><model type='qxl'/></video>
    <hostdev mode='subsystem' type='pci' managed='yes'><source><address domain='0' bus='3' slot='0' function='0'/></source></hostdev>
    <redirdev bus='usb' type='spicevmc'/>
    <redirdev bus='usb' type='spicevmc'/>
    <watchdog model='itco' action='reset'/>
    <memballoon model='virtio'/>
    <rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>
    <panic model='isa'/>
    <memory model='dimm'><target><size unit='MiB'>512</size><node>0</node></target></memory>
    <iommu model='intel'/>
    <vsock model='virtio'><cid auto='yes'/></vsock>
  </devices>
</domain>
`;

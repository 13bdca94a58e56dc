/** The definition that a new domain starts from: everything a Linux guest wants, with one line that must be changed. */
export interface TemplateOptions {
  /** QEMU can carry a clipboard between a VNC viewer and the guest (6.1). */
  readonly clipboard: boolean;
}

export function definitionTemplate(name: string, type: 'kvm' | 'qemu', { clipboard }: TemplateOptions): string {
  return `<domain type='${type}'>
  <name>${name}</name>
  <memory unit='MiB'>2048</memory>
  <vcpu>2</vcpu>
  <os>
    <type arch='x86_64' machine='q35'>hvm</type>
    <boot dev='hd'/>
  </os>
  <features>
    <acpi/>
    <apic/>
  </features>
  <clock offset='utc'/>
  <on_poweroff>destroy</on_poweroff>
  <on_reboot>restart</on_reboot>
  <on_crash>destroy</on_crash>
  <devices>
    <!-- The guest's disk: put the path of your image here. -->
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2'/>
      <source file='/path/to/disk.qcow2'/>
      <target dev='vda' bus='virtio'/>
    </disk>
    <!-- User-mode networking: the guest reaches out, nothing reaches in, no root needed. -->
    <interface type='user'>
      <model type='virtio'/>
    </interface>
    <!-- A serial console, and a channel for qemu-guest-agent. -->
    <serial type='pty'/>
    <channel type='unix'>
      <target type='virtio' name='org.qemu.guest_agent.0'/>
    </channel>
    <!-- A screen on a private socket, with a pointer that is where yours is. -->
    <graphics type='vnc'/>
    <input type='tablet' bus='usb'/>${clipboard ? clipboardChannel : ''}
    <memballoon model='virtio'/>
    <rng model='virtio'>
      <backend model='random'>/dev/urandom</backend>
    </rng>
  </devices>
</domain>
`;
}

const clipboardChannel = `
    <!-- Its clipboard, for guests that run spice-vdagent. -->
    <channel type='qemu-vdagent'>
      <source>
        <clipboard copypaste='yes'/>
      </source>
      <target type='virtio' name='com.redhat.spice.0'/>
    </channel>`;

/** Linux's magic SysRq over a console: a break (or Ctrl+O on a virtio console) and a key, chosen by what it does. */
import { type ReactElement, useState } from 'react';
import { Radio, RadioGroup } from 'react-aria-components';
import { Button } from '../shared/button.tsx';
import { AlertFrame } from '../shared/dialogs.tsx';
import { useConsole } from './console-context.ts';
import { type SysRqWay, sysRqKeys } from './guest-keys.ts';

export function SysRqDialog({ way, onClose }: { readonly way: SysRqWay; readonly onClose: () => void }): ReactElement {
  const { tools } = useConsole();
  const [chosen, setChosen] = useState(sysRqKeys[0]!.key);
  const lossy = sysRqKeys.find(({ key }) => key === chosen)?.lossy ?? false;
  return (
    <AlertFrame title="Magic SysRq" onClose={onClose}>
      <p>
        Asks the guest's Linux kernel directly: {way === 'break' ? 'a break' : 'Ctrl+O'}, then the key. It answers where the
        guest allows it (<span className="mono">kernel.sysrq</span>) and this is its console.
      </p>
      <RadioGroup aria-label="What to ask for" value={chosen} onChange={setChosen} className="sysrq-keys">
        {sysRqKeys.map(({ key, label }) => (
          <Radio key={key} value={key} className="radio">
            <span className="radio-dot" aria-hidden />
            {label} <kbd>{key}</kbd>
          </Radio>
        ))}
      </RadioGroup>
      {lossy && <p className="notice warn"><span>The guest does it at once and asks nobody.</span></p>}
      <div className="dialog-buttons">
        <Button label="Cancel" onPress={onClose} />
        <Button
          label="Send"
          kind={lossy ? 'danger' : 'primary'}
          onPress={() => {
            onClose();
            tools.sendSysRq(way, chosen);
          }}
        />
      </div>
    </AlertFrame>
  );
}

/** What can be made new, from anywhere in the window; the host's page shows the same as cards. */
import { ArchiveRestore, Bird, FileCode, FileInput, FolderInput } from 'lucide-react';
import type { ReactElement } from 'react';
import { Menu, MenuItem, Popover } from 'react-aria-components';
import { useHost } from '../shared/session.ts';
import { useCreation } from './creation.ts';
import { useView } from './view-context.ts';

const continueLabel = 'Go on with your draft';

export function NewMenu(): ReactElement {
  const creation = useCreation();
  const shelved = useView((state) => state.shelved !== null);
  const sample = useHost((state) => state.status?.sampleGuest.available ?? false);
  return (
    <Popover className="popover" placement="bottom end" offset={4}>
      <Menu className="menu" aria-label="New domain" disabledKeys={sample ? [] : ['sample']}>
        <MenuItem id="xml" className="menu-item" textValue={shelved ? continueLabel : 'Create a domain'} onAction={() => creation.writeDefinition()}>
          <FileCode size={16} aria-hidden />
          {shelved ? continueLabel : 'Create a domain'}
        </MenuItem>
        <MenuItem id="import" className="menu-item" textValue="Import a definition file" onAction={() => void creation.importDefinition()}>
          <FileInput size={16} aria-hidden />
          Import a definition file
        </MenuItem>
        <MenuItem id="import-folder" className="menu-item" textValue="Import from libvirt" onAction={() => void creation.importFolder()}>
          <FolderInput size={16} aria-hidden />
          Import from libvirt
        </MenuItem>
        <MenuItem id="restore" className="menu-item" textValue="Restore a saved guest" onAction={() => void creation.restoreFromFile()}>
          <ArchiveRestore size={16} aria-hidden />
          Restore a saved guest
        </MenuItem>
        <MenuItem id="sample" className="menu-item" textValue="Start the sample Linux" onAction={() => void creation.startSample(() => {})}>
          <Bird size={16} aria-hidden />
          Start the sample Linux
        </MenuItem>
      </Menu>
    </Popover>
  );
}

/** The guest's file systems with how full they are; a full one is told by a word too, not by a colour alone. */
import type { ReactElement } from 'react';
import type { GuestReport } from '../store/guest-report-feed.ts';
import { plural } from '../words/format.ts';
import { fillingOf } from '../words/guest.ts';

export interface AgentFilesystemsProps {
  readonly filesystems: GuestReport['filesystems'];
  /** Why there are none. */
  readonly why: string;
}

const maximumShown = 12;

export function AgentFilesystems({ filesystems, why }: AgentFilesystemsProps): ReactElement {
  if (filesystems === null || filesystems.length === 0) {
    return <p className="quiet">File systems: — <span className="why">{filesystems === null ? why : 'the guest names none'}</span></p>;
  }
  return (
    <ul className="filesystems" aria-label="File systems">
      {filesystems.slice(0, maximumShown).map((filesystem) => {
        const filling = fillingOf(filesystem);
        const disks = [...new Set(filesystem.disks.flatMap(({ target }) => target ?? []))];
        return (
          <li key={`${filesystem.mountpoint} ${filesystem.name}`}>
            <code className="ellipsis selectable" title={filesystem.mountpoint}><bdi>{filesystem.mountpoint}</bdi></code>
            <span className="quiet">{filesystem.type}{disks.length > 0 && ` on ${disks.join(', ')}`}</span>
            <span className="filesystem-size">{filling ? <>{filling.isNearlyFull && <strong className="warn">nearly full</strong>} {filling.words}</> : <span className="quiet">size not told</span>}</span>
            {filling && (
              <div className="meter" role="meter" aria-label={`${filesystem.mountpoint} is filled`} aria-valuemin={0} aria-valuemax={100} aria-valuenow={Math.round(filling.percent)} aria-valuetext={filling.words}>
                <div className={filling.isNearlyFull ? 'warn' : ''} style={{ width: `${filling.percent}%` }} />
              </div>
            )}
          </li>
        );
      })}
      {filesystems.length > maximumShown && <li className="quiet">and {plural(filesystems.length - maximumShown, 'more')}</li>}
    </ul>
  );
}

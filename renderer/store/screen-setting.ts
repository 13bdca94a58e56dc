/** Whether the list shows small pictures of guests' screens; remembered on this computer. */
import { createStore } from 'zustand/vanilla';

const key = 'vireo:screens-in-list';

export const screenSetting = createStore<{ readonly inList: boolean }>(() => ({ inList: localStorage.getItem(key) !== 'off' }));

export function setScreensInList(inList: boolean): void {
  localStorage.setItem(key, inList ? 'on' : 'off');
  screenSetting.setState({ inList });
}

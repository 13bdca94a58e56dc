/**
 * The desktop around the app, played by the test: it owns the names of the tray and of the notification service on the
 * session bus, sees what the app shows there and clicks on it. Chromium's objects answer no introspection, so they are
 * called by raw messages.
 */
import dbus from 'dbus-next';
import { eventually } from './electron-processes.ts';

const { Interface, ACCESS_READ } = dbus.interface;
const watcherName = 'org.kde.StatusNotifierWatcher';
const notificationsName = 'org.freedesktop.Notifications';
const menuInterface = 'com.canonical.dbusmenu';
const busMs = 20_000;

export interface ShownNotification {
  readonly id: number;
  readonly title: string;
  readonly body: string;
  readonly actions: readonly string[];
}

export interface TrayMenuItem {
  readonly id: number;
  readonly label: string;
  readonly enabled: boolean;
  readonly checked: boolean;
  readonly children: readonly TrayMenuItem[];
}

export class TestDesktop implements Disposable {
  readonly notifications: readonly ShownNotification[];
  readonly #bus: dbus.MessageBus;
  readonly #watcher: Watcher;
  readonly #service: NotificationService;

  private constructor(bus: dbus.MessageBus, watcher: Watcher, service: NotificationService) {
    this.#bus = bus;
    this.#watcher = watcher;
    this.#service = service;
    this.notifications = service.shown;
  }

  /** A desktop with a tray and notifications, from now until it is disposed. */
  static async open(): Promise<TestDesktop> {
    const bus = dbus.sessionBus();
    const watcher = new Watcher();
    const service = new NotificationService();
    bus.export('/StatusNotifierWatcher', watcher);
    bus.export('/org/freedesktop/Notifications', service);
    await bus.requestName(notificationsName, 0);
    await bus.requestName(watcherName, 0);
    return new TestDesktop(bus, watcher, service);
  }

  /** From now on there is no tray. */
  async removeTray(): Promise<void> {
    await this.#bus.releaseName(watcherName);
  }

  /** Clicks on a notification. */
  clickNotification(id: number): void {
    this.#service.ActionInvoked(id, 'default');
  }

  /** The tray's menu as it is now, once the app has registered an icon. */
  async menu(): Promise<readonly TrayMenuItem[]> {
    const [, layout] = await this.#call(await this.#menuPath(), menuInterface, 'GetLayout', 'iias', [0, -1, []]);
    return asItem(layout).children;
  }

  /** Waits until the menu has this item, given by its labels from the top, and clicks it. */
  async clickMenu(...labels: readonly string[]): Promise<void> {
    let seen = '';
    await eventually(`the tray's menu has ${labels.join(' > ')}`, async () => {
      const menu = await this.menu();
      seen = JSON.stringify(labelsOf(menu));
      const found = labels.reduce<TrayMenuItem | undefined>((item, label) => item?.children.find((child) => child.label === label), { id: 0, label: '', enabled: true, checked: false, children: menu });
      return found?.enabled ? this.#click(found.id) : false;
    }, busMs).catch((error: unknown) => {
      throw new Error(`${String(error)}; it has ${seen}`);
    });
  }

  /** False when the menu was made anew since it was read: its items have other numbers then. */
  async #click(id: number): Promise<boolean> {
    try {
      await this.#call(await this.#menuPath(), menuInterface, 'Event', 'isvu', [id, 'clicked', new dbus.Variant('s', ''), 0]);
      return true;
    } catch (error) {
      const text = String(error);
      if (text.includes('disconnected from message bus')) return true; // the click ended the app before it could answer
      if (text.includes('error occurred in Event')) return false;
      throw error;
    }
  }

  [Symbol.dispose](): void {
    this.#bus.disconnect();
  }

  async #menuPath(): Promise<string> {
    await eventually('the app registers a tray icon', async () => this.#watcher.items.length > 0, busMs);
    const [value] = await this.#call('/StatusNotifierItem', 'org.freedesktop.DBus.Properties', 'Get', 'ss', ['org.kde.StatusNotifierItem', 'Menu']);
    return String((value as dbus.Variant).value);
  }

  /** A call to the newest icon. */
  async #call(path: string, iface: string, member: string, signature: string, body: unknown[]): Promise<unknown[]> {
    const destination = this.#watcher.items.at(-1)!;
    const reply = await this.#bus.call(new dbus.Message({ destination, path, interface: iface, member, signature, body }));
    return reply?.body ?? [];
  }
}

/** The labels of a menu; an item with a submenu is a list that begins with its own. */
export function labelsOf(menu: readonly TrayMenuItem[]): unknown[] {
  return menu.filter((item) => item.label !== '').map((item) => (item.children.length > 0 ? [item.label, ...labelsOf(item.children)] : item.label));
}

function asItem(node: unknown): TrayMenuItem {
  const [id, properties, children] = node as [number, Record<string, dbus.Variant>, dbus.Variant[]];
  return {
    id,
    label: String(properties['label']?.value ?? ''),
    enabled: properties['enabled']?.value !== false,
    checked: properties['toggle-state']?.value === 1,
    children: children.map((child) => asItem(child.value)),
  };
}

class Watcher extends Interface {
  readonly items: string[] = [];

  constructor() {
    super(watcherName);
  }

  RegisterStatusNotifierItem(service: string): void {
    this.items.push(service);
    this.StatusNotifierItemRegistered(service);
  }

  RegisterStatusNotifierHost(): void {}

  StatusNotifierItemRegistered(service: string): string {
    return service;
  }

  get IsStatusNotifierHostRegistered(): boolean {
    return true;
  }

  get ProtocolVersion(): number {
    return 0;
  }

  get RegisteredStatusNotifierItems(): readonly string[] {
    return this.items;
  }
}
Watcher.configureMembers({
  methods: { RegisterStatusNotifierItem: { inSignature: 's' }, RegisterStatusNotifierHost: { inSignature: 's' } },
  signals: { StatusNotifierItemRegistered: { signature: 's' } },
  properties: {
    IsStatusNotifierHostRegistered: { signature: 'b', access: ACCESS_READ },
    ProtocolVersion: { signature: 'i', access: ACCESS_READ },
    RegisteredStatusNotifierItems: { signature: 'as', access: ACCESS_READ },
  },
});

class NotificationService extends Interface {
  readonly shown: ShownNotification[] = [];

  constructor() {
    super(notificationsName);
  }

  Notify(_app: string, _replaces: number, _icon: string, title: string, body: string, actions: string[]): number {
    const id = this.shown.length + 1;
    this.shown.push({ id, title, body, actions });
    return id;
  }

  CloseNotification(): void {}

  GetCapabilities(): string[] {
    return ['body', 'actions'];
  }

  GetServerInformation(): string[] {
    return ['test', 'vireo', '1', '1.2'];
  }

  ActionInvoked(id: number, key: string): unknown[] {
    return [id, key];
  }

  NotificationClosed(id: number, reason: number): unknown[] {
    return [id, reason];
  }
}
NotificationService.configureMembers({
  methods: {
    Notify: { inSignature: 'susssasa{sv}i', outSignature: 'u' },
    CloseNotification: { inSignature: 'u' },
    GetCapabilities: { outSignature: 'as' },
    GetServerInformation: { outSignature: 'ssss' },
  },
  signals: { ActionInvoked: { signature: 'us' }, NotificationClosed: { signature: 'uu' } },
});

/** A systemd unit for a site, with as few rights as it needs: systemd.exec(5), systemd.service(5). */
import type { SiteConfig } from '../config/index.ts';

export interface UnitOptions {
  /** Absolute paths. */
  readonly config: string;
  readonly node: string;
  readonly program: string;
  readonly user: string;
}

export function systemdUnit({ data, nodes, store }: SiteConfig, { config, node, program, user }: UnitOptions): string {
  const serial = nodes !== null && nodes.serial.length > 0;
  const after = ['network-online.target', ...(store.postgres === undefined ? [] : ['postgresql.service'])];
  const below = (folder: string) => [config, node, program, data].some((path) => path.startsWith(`${folder}/`));
  const home = below('/home') || below('/root');
  return `[Unit]
Description=moteware site
After=${after.join(' ')}
Wants=network-online.target

[Service]
Type=exec
User=${user}
ExecStart=${[node, program, 'site', 'start', config, '--json'].map(quoted).join(' ')}
ExecReload=/bin/kill -HUP $MAINPID
# Credentials of the broker: MOTE_MQTT_USER and MOTE_MQTT_PASSWORD.
EnvironmentFile=-/etc/moteware/site.env
Restart=on-failure
RestartSec=2
# It writes what it has acknowledged before it ends.
TimeoutStopSec=90
LimitNOFILE=65536
OOMPolicy=stop

ReadWritePaths=${quoted(data)}
UMask=0077
NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
ProtectSystem=strict
ProtectHome=${home ? 'read-only' : 'yes'}
PrivateTmp=yes
${serial ? `# Serial lines of nodes.\nDevicePolicy=closed\nDeviceAllow=char-ttyUSB rw\nDeviceAllow=char-ttyACM rw\nDeviceAllow=char-ttyS rw\nSupplementaryGroups=dialout` : 'PrivateDevices=yes'}
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
RemoveIPC=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged
SystemCallErrorNumber=EPERM
# No MemoryDenyWriteExecute: the engine of JavaScript compiles while it runs.

[Install]
WantedBy=multi-user.target
`;
}

/** A word of a unit: in quotes where it needs them, with the percent signs and dollars doubled that mean something there. */
function quoted(word: string): string {
  const escaped = word.replaceAll('%', '%%').replaceAll('$', '$$$$');
  return /^[A-Za-z0-9_./%$:=+-]+$/.test(escaped)
    ? escaped
    : `"${escaped.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}

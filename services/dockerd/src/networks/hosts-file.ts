/** A container's /etc/hosts (hosts(5)), as dockerd 28 writes it: tab separated, own address last. */

export interface HostsInput {
  readonly hostname: string;
  readonly domainname: string;
  /** The container's address on its network; none: only loopback names. */
  readonly address: string | undefined;
  /** `--add-host` entries, `name:address` or `name=address`. */
  readonly extraHosts: readonly string[];
  /** What `host-gateway` stands for. */
  readonly hostGateway: string;
}

const loopback: readonly (readonly [address: string, names: string])[] = [
  ['127.0.0.1', 'localhost'],
  ['::1', 'localhost ip6-localhost ip6-loopback'],
  ['fe00::', 'ip6-localnet'],
  ['ff00::', 'ip6-mcastprefix'],
  ['ff02::1', 'ip6-allnodes'],
  ['ff02::2', 'ip6-allrouters'],
];

/** The entries of `--add-host`. */
export function extraHostLines(entries: readonly string[], hostGateway: string): string {
  return entries
    .map((entry) => {
      const [, name = '', value = ''] = /^([^:=]+)[:=](.*)$/.exec(entry) ?? [];
      const address = value === 'host-gateway' ? hostGateway : value.replace(/^\[(.*)\]$/, '$1');
      return `${address}\t${name}\n`;
    })
    .join('');
}

export function containerHosts({ hostname, domainname, address, extraHosts, hostGateway }: HostsInput): string {
  const fixed = loopback.map(([ip, names]) => `${ip}\t${names}\n`).join('');
  const names = domainname === '' ? hostname : `${hostname}.${domainname} ${hostname}`;
  const own = address === undefined || hostname === '' ? '' : `${address}\t${names}\n`;
  return fixed + extraHostLines(extraHosts, hostGateway) + own;
}

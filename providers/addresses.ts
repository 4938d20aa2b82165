/** Which network addresses this process may connect to: private ones only where the operator said so (SSRF). */
import { BlockList, isIP, isIPv4, isIPv6 } from 'node:net';
import { KalendsError } from '../domain/errors.ts';

export interface AddressPolicy {
  /** Loopback, RFC 1918, CGNAT and unique local addresses; link-local ones (cloud metadata) need `allow`. */
  readonly allowPrivate: boolean;
  /** Host names (`nas.home.arpa`, `.home.arpa` for all below it), addresses and CIDR blocks that are always allowed. */
  readonly allow: readonly string[];
}

/** RFC 6890 registries: addresses that lie inside somebody's own network. */
const privateBlocks = [
  '10.0.0.0/8',
  '100.64.0.0/10', // carrier-grade NAT, RFC 6598
  '127.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '::1/128',
  'fc00::/7',
];

/**
 * Never a calendar server, but often something worth stealing from: metadata services of clouds (where they hide among
 * private or even public addresses), this host, groups, tunnels, and what IANA's special-purpose registries set apart.
 */
const neverBlocks = [
  '0.0.0.0/8',
  '100.100.100.200/32', // the metadata service of Alibaba Cloud
  '168.63.129.16/32', // the WireServer of Azure, which hands out certificates and settings of extensions
  '169.254.0.0/16', // link-local; 169.254.169.254 hands out cloud credentials
  '192.0.0.0/24', // 192.0.0.192 is the metadata service of Oracle's older cloud
  '192.0.2.0/24',
  '192.88.99.0/24',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '::/128',
  '::ffff:0:0:0/96', // IPv4-translated, RFC 2765
  '100::/64',
  '100:0:0:1::/64', // RFC 9780
  '2001::/23', // protocols of the IETF; Teredo among them carries an IPv4 address inside
  '2001:db8::/32',
  '2002::/16', // so does 6to4
  '3fff::/20', // documentation, RFC 9637
  '5f00::/16', // segment routing, RFC 9602
  '64:ff9b:1::/48',
  'fe80::/10',
  'fec0::/10',
  'fd00:ec2::/32', // AWS: metadata at ::254, credentials of pods at ::23
  'fd20:ce::254/128', // the metadata service of Google Cloud
  'fd00:42::42/128', // of Scaleway
  'ff00::/8',
];

/** Throws a `TypeError` for something that is no block. */
function blocks(cidrs: readonly string[]): BlockList {
  const list = new BlockList();
  for (const cidr of cidrs) {
    const [address = '', length] = cidr.split('/');
    const family = isIPv4(address) ? 'ipv4' : 'ipv6';
    list.addSubnet(address, length === undefined ? (family === 'ipv4' ? 32 : 128) : Number(length), family);
  }
  return list;
}

const privateList = blocks(privateBlocks);
const neverList = blocks(neverBlocks);

const within = (list: BlockList, address: string): boolean => list.check(address, isIPv4(address) ? 'ipv4' : 'ipv6');

/** The eight groups of an IPv6 address; `::` and a dotted tail are written out. */
function groupsOf(address: string): number[] {
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address);
  const plain = dotted
    ? `${dotted[1]}${((Number(dotted[2]) << 8) | Number(dotted[3])).toString(16)}:${((Number(dotted[4]) << 8) | Number(dotted[5])).toString(16)}`
    : address;
  const [head = '', tail] = plain.split('::');
  const parse = (part: string): number[] =>
    part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16));
  const left = parse(head);
  if (tail === undefined) return left;
  const right = parse(tail);
  return [...left, ...Array.from({ length: 8 - left.length - right.length }, () => 0), ...right];
}

/** An IPv4 address in IPv6 clothes (mapped, compatible, NAT64) as itself; anything else unchanged, zone removed. */
export function plainAddress(address: string): string {
  const bare = address.replace(/^\[|\]$/g, '').replace(/%.*$/, '');
  if (!isIPv6(bare)) return bare;
  const groups = groupsOf(bare);
  const high = groups[6] ?? 0;
  const low = groups[7] ?? 0;
  const lead = groups
    .slice(0, 6)
    .map((group) => group.toString(16))
    .join(':');
  const embedded =
    lead === '0:0:0:0:0:ffff' || lead === '64:ff9b:0:0:0:0' || (lead === '0:0:0:0:0:0' && (high !== 0 || low > 1));
  return embedded ? `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}` : bare;
}

/** Judges addresses for hosts; build it once, the blocks are compiled. */
export function createAddressCheck(policy: AddressPolicy): (host: string, address: string) => boolean {
  const allowedBlocks = blocks(policy.allow.filter((entry) => isIP(entry.split('/')[0] ?? '') !== 0));
  const names = policy.allow
    .filter((entry) => isIP(entry.split('/')[0] ?? '') === 0)
    .map((name) => name.toLowerCase().replace(/\.$/, ''));
  const named = (host: string): boolean =>
    names.some((name) => (name.startsWith('.') ? host.endsWith(name) || host === name.slice(1) : host === name));
  return (host, address) => {
    const plain = plainAddress(address);
    if (isIP(plain) === 0) return false;
    if (named(host.toLowerCase().replace(/\.$/, '')) || within(allowedBlocks, plain)) return true;
    if (within(neverList, plain)) return false;
    return policy.allowPrivate || !within(privateList, plain);
  };
}

/** Says nothing about which address it was: whoever asked could map a network by it. */
export function addressRefused(host: string): KalendsError {
  return new KalendsError(
    'address_refused',
    `${host} is inside a private network; where that is meant, the operator allows it: KALENDS_ALLOWED_ADDRESSES=${host}`,
  );
}

// Which addresses a stranger's redirect must not lead to: this machine, its networks, and whatever else is not out on the Internet. Pure, and
// a lookup for node:http that asks it, so that the address that is judged is the address that is connected to.

import { type LookupAddress, lookup as systemLookup } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';

/** IANA's special-purpose registries (RFC 6890 and its updates): what is not globally reachable, and multicast. */
const IPV4: readonly (readonly [network: string, prefix: number])[] = [
  ['0.0.0.0', 8], // this network (RFC 791); Linux connects it to loopback
  ['10.0.0.0', 8], // private (RFC 1918)
  ['100.64.0.0', 10], // shared address space (RFC 6598)
  ['127.0.0.0', 8], // loopback
  ['169.254.0.0', 16], // link-local (RFC 3927); clouds keep their metadata here
  ['172.16.0.0', 12], // private
  ['192.0.0.0', 24], // protocol assignments (RFC 6890)
  ['192.0.2.0', 24], // documentation (RFC 5737)
  ['192.88.99.0', 24], // former 6to4 relays (RFC 7526)
  ['192.168.0.0', 16], // private
  ['198.18.0.0', 15], // benchmarks (RFC 2544)
  ['198.51.100.0', 24], // documentation
  ['203.0.113.0', 24], // documentation
  ['224.0.0.0', 4], // multicast
  ['240.0.0.0', 4], // reserved, and the broadcast address
];

/** Of IPv6 only 2000::/3 is given out (RFC 4291 2.4); within it these are special. Those that carry an IPv4 address are refused whole. */
const IPV6: readonly (readonly [network: string, prefix: number])[] = [
  ['2001::', 23], // protocol assignments, with Teredo (RFC 4380) and its IPv4 addresses
  ['2001:db8::', 32], // documentation (RFC 3849)
  ['2002::', 16], // 6to4 (RFC 3056): an IPv4 address
  ['3fff::', 20], // documentation (RFC 9637)
];

const special4 = new BlockList();
for (const [network, prefix] of IPV4) special4.addSubnet(network, prefix, 'ipv4');
const special6 = new BlockList();
for (const [network, prefix] of IPV6) special6.addSubnet(network, prefix, 'ipv6');
const global6 = new BlockList();
global6.addSubnet('2000::', 3, 'ipv6');

/** True for every address that is not plainly a public one; also for what is no address. */
export function isPrivateAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 4) return special4.check(address, 'ipv4');
  // A zone (RFC 4007) has no place in a public address, and BlockList looks past it.
  if (address.includes('%')) return true;
  // Mapped (::ffff:0:0/96), compatible, translated (64:ff9b::/96), unique local, link-local and loopback all lie outside of 2000::/3.
  if (family === 6) return !global6.check(address, 'ipv6') || special6.check(address, 'ipv6');
  return true;
}

/** The host of a URL, when it is an address and not a name: Node asks no lookup for it. */
export function literalAddress(url: URL): string | null {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return isIP(host) === 0 ? null : host;
}

/** What a guarded lookup fails with; found again in the error of the request. */
export const PRIVATE_ADDRESS = 'PRIVATE_ADDRESS';

type Resolve = (
  host: string,
  options: { readonly all: true },
  done: (error: Error | null, found: LookupAddress[]) => void,
) => void;

/** A lookup that refuses names of which any address is private: the connection goes to what was judged, whatever the name says a moment later. */
export function publicLookup(resolve: Resolve = systemLookup): LookupFunction {
  return (host, options, done) => {
    resolve(host, { all: true }, (error, found) => {
      if (error !== null) return done(error, [], 0);
      const wanted = found.filter(({ family }) => !options.family || options.family === family);
      const [first] = wanted;
      if (first === undefined || wanted.some(({ address }) => isPrivateAddress(address))) {
        return done(Object.assign(new Error('a private address'), { code: PRIVATE_ADDRESS }), [], 0);
      }
      // Node asks for all of them when it may try several (autoSelectFamily).
      return options.all === true ? done(null, wanted) : done(null, first.address, first.family);
    });
  };
}

/**
 * Packet rules of a bridge: one nftables table of its own, replaced as a whole in one transaction (nft(8)).
 *
 *     container → elsewhere   allowed, with the host's address instead of the container's (masquerade)
 *     container → container   allowed, over the bridge
 *     elsewhere → container   answers only: nothing is published
 *
 * A table cannot overrule a drop of another one: a host whose own firewall drops forwarded packets has to let the bridge through.
 */
import { failedPrecondition, messageOf, unavailable } from '@docker-ts/base/errors';
import { type Subnet, subnetText } from './subnet.ts';

/** An identifier of nft's as it stands, since interface names that it would not take are refused (`verifyBridgeName`). */
const tableName = (bridge: string): string => `docker-ts_${bridge}`;
const quoted = (name: string): string => `"${name}"`;

/** The transaction that makes the table what it should be, whatever was there. */
export function bridgeRuleScript(bridge: string, subnet: Subnet): string {
  const table = tableName(bridge);
  const name = quoted(bridge);
  return `table ip ${table}
delete table ip ${table}
table ip ${table} {
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr ${subnetText(subnet)} oifname != ${name} masquerade
  }
  chain forward {
    type filter hook forward priority filter; policy accept;
    oifname ${name} ct state established,related accept
    iifname ${name} accept
    oifname ${name} drop
  }
}
`;
}

/** Runs one nft script. A failure tells what nft said. */
async function runNft(script: string): Promise<void> {
  let child: Bun.Subprocess<Buffer, 'ignore', 'pipe'>;
  try {
    // Bun.spawn: node:child_process would add two milliseconds to the first container's start.
    child = Bun.spawn(['nft', '-f', '-'], { stdin: Buffer.from(script), stdout: 'ignore', stderr: 'pipe' });
  } catch (error) {
    throw failedPrecondition(`cannot set packet rules: nft cannot be run: ${messageOf(error)}`, error);
  }
  const [said, status] = await Promise.all([new Response(child.stderr).text(), child.exited]);
  if (status !== 0) throw unavailable(`cannot set packet rules: nft: ${said.trim().split('\n')[0] ?? ''}`);
}

export function applyBridgeRules(bridge: string, subnet: Subnet): Promise<void> {
  return runNft(bridgeRuleScript(bridge, subnet));
}

/** Takes the bridge's table away; none is fine. */
export function removeBridgeRules(bridge: string): Promise<void> {
  const table = tableName(bridge);
  return runNft(`table ip ${table}\ndelete table ip ${table}\n`);
}

/** Which addresses something may be sent to: those of the public network, unless the program allows others. */
import { BlockList, isIP } from "node:net"

const reserved = new BlockList()
for (
  const [network, bits] of [
    ["0.0.0.0", 8],
    ["10.0.0.0", 8],
    ["100.64.0.0", 10],
    ["127.0.0.0", 8],
    // where a machine of Azure finds what it is told about itself: public by its number alone
    ["168.63.129.16", 32],
    ["169.254.0.0", 16],
    ["172.16.0.0", 12],
    ["192.0.0.0", 24],
    ["192.0.2.0", 24],
    ["192.88.99.0", 24],
    ["192.168.0.0", 16],
    ["198.18.0.0", 15],
    ["198.51.100.0", 24],
    ["203.0.113.0", 24],
    ["224.0.0.0", 3]
  ] as const
) reserved.addSubnet(network, bits, "ipv4")

/** What of IPv6 is handed out to hosts, and within that what stands for something else: tunnels, which may end anywhere, and documentation. */
const global = new BlockList()
global.addSubnet("2000::", 3, "ipv6")
for (const [network, bits] of [["2001::", 23], ["2001:db8::", 32], ["2002::", 16], ["3fff::", 20]] as const) {
  reserved.addSubnet(network, bits, "ipv6")
}

/** Whether an address is one of the public network. What is IPv4 in another spelling is none, nor what names an interface of this machine. */
export const isPublic = (address: string): boolean => {
  switch (address.includes("%") ? 0 : isIP(address)) {
    case 4:
      return !reserved.check(address, "ipv4")
    case 6:
      return global.check(address, "ipv6") && !reserved.check(address, "ipv6")
    default:
      return false
  }
}

// SPDX-License-Identifier: MIT OR Apache-2.0
// The filter of a packet socket that counts busy flows where they pass, instead of copying their packets to be counted.
// A flow is counted here only after it was given a slot, by src/capture/counts.rs; every other packet, and every
// packet that is out of the ordinary, goes to the socket as before. What is counted here does not go there.
//
// Build: build.sh beside this file.

typedef unsigned char __u8;
typedef unsigned short __u16;
typedef unsigned int __u32;
typedef unsigned long long __u64;

#define SEC(name) __attribute__((section(name), used))
#define ALWAYS_INLINE static __attribute__((always_inline))
#define ADD(to, amount) __sync_fetch_and_add(&(to), amount)

enum { BPF_MAP_TYPE_ARRAY = 2, BPF_F_MMAPABLE = 1 << 10 };

static void *(*map_lookup)(void *map, const void *key) = (void *)1;
static long (*load_bytes)(const void *packet, __u32 from, void *to, __u32 len) = (void *)26;

// As far as it is used here, from linux/bpf.h.
struct __sk_buff {
	__u32 len;
	__u32 pkt_type;
	__u32 mark[3];
	__u32 vlan_present;
	__u32 vlan_tci[4];
	__u32 ifindex;
	__u32 tc_index[25];
	__u64 flow_keys[2];
	__u32 wire_len[2];
	__u64 sk;
	__u32 gso_size;
};

_Static_assert(__builtin_offsetof(struct __sk_buff, ifindex) == 40, "linux/bpf.h");
_Static_assert(__builtin_offsetof(struct __sk_buff, gso_size) == 176, "linux/bpf.h");

// One direction of a flow: one cache line. Addresses and ports stand as they do in the packet.
struct slot {
	// What kind_of says, and the ports. 0: nobody's. Written last when a slot is given, first when it is taken back.
	__u64 head;
	__u64 source[2];
	__u64 destination[2];
	// They only grow, also from one holder to the next.
	__u64 packets;
	__u64 bytes;
	__u64 payload;
};

#define BITS 15

struct {
	int (*type)[BPF_MAP_TYPE_ARRAY];
	int (*max_entries)[1 << BITS];
	int (*map_flags)[BPF_F_MMAPABLE];
	__u32 *key;
	struct slot *value;
} slots SEC(".maps");

// Bytes that the socket keeps of what goes to it.
const volatile __u32 keep = 0xffff;
// Of the places of flows, so that nobody can choose flows that share one.
const volatile __u64 seed = 0;

struct flow {
	__u64 head;
	__u64 source[2];
	__u64 destination[2];
};

// Bits of what a flow is called besides addresses and ports; together never 0.
#define LIVE (1U << 31)
#define IS_TCP (1U << 30)
#define IS_V6 (1U << 29)
#define TYPE 26
#define INTERFACES (1U << 20)

ALWAYS_INLINE __u64 mix(__u64 hash, __u64 word)
{
	hash = (hash ^ word) * 0x9e3779b97f4a7c15ULL;
	return hash ^ hash >> 32;
}

ALWAYS_INLINE int is_flow(const struct slot *slot, const struct flow *flow)
{
	return slot->head == flow->head && slot->source[0] == flow->source[0] &&
	       slot->destination[0] == flow->destination[0] && slot->source[1] == flow->source[1] &&
	       slot->destination[1] == flow->destination[1];
}

ALWAYS_INLINE struct slot *find(const struct flow *flow, __u64 hash)
{
	// Once more: names that differ in their last word alone must not share places.
	__u32 place = mix(hash, 0) >> (64 - BITS);
	struct slot *slot = map_lookup(&slots, &place);

	if (slot && is_flow(slot, flow))
		return slot;
	place ^= 1;
	slot = map_lookup(&slots, &place);
	return slot && is_flow(slot, flow) ? slot : 0;
}

#define SWAP(number) __builtin_bswap16(number)
#define ETHERNET 14
#define TCP 6
#define UDP 17
#define UDP_HEADER 8
// Flags that say something about the state of a connection: FIN, SYN, RST.
#define NOTABLE 0x07

// What TCP and UDP begin with, as far as it is used.
struct transport {
	__u32 ports;
	// Of UDP.
	__u16 len;
	__u16 unused[3];
	// Of TCP.
	__u8 offset;
	__u8 flags;
	__u16 window;
};

// What stands in a packet from its Ethernet type on, and two bytes before it.
struct v4 {
	__u16 before;
	__u16 type;
	__u8 version;
	__u8 service;
	__u16 len;
	__u16 id;
	__u16 fragment;
	__u8 ttl;
	__u8 protocol;
	__u16 sum;
	__u32 source;
	__u32 destination;
	struct transport transport;
};

// The rest of an IPv6 packet.
struct v6 {
	__u64 source[2];
	__u64 destination[2];
	struct transport transport;
};

// Bytes of payload behind the IP header; less than 0 if they make no sense, or the packet says something besides.
ALWAYS_INLINE int payload_of(const struct transport *transport, int is_tcp, int after)
{
	int len = SWAP(transport->len);

	if (!is_tcp)
		return len > after ? -1 : len - UDP_HEADER;
	len = transport->offset >> 4 << 2;
	return transport->flags & NOTABLE || len < 20 ? -1 : after - len;
}

SEC("socket")
int count(struct __sk_buff *packet)
{
	struct v4 v4;
	struct v6 v6;
	struct flow flow = {};
	struct transport *transport = &v4.transport;
	struct slot *slot;
	int ip_len, header = 20, payload;
	__u32 kind = LIVE, len = packet->len;
	__u8 protocol;
	__u64 hash;

	if (packet->gso_size || packet->vlan_present || packet->ifindex >= INTERFACES ||
	    load_bytes(packet, ETHERNET - 4, &v4, sizeof(v4)))
		return keep;
	if (v4.type == SWAP(0x0800)) {
		if (v4.version != 0x45 || v4.fragment & SWAP(0x3fff))
			return keep;
		protocol = v4.protocol;
		ip_len = SWAP(v4.len);
		flow.source[0] = v4.source;
		flow.destination[0] = v4.destination;
	} else if (v4.type == SWAP(0x86dd)) {
		if (v4.version >> 4 != 6 || load_bytes(packet, ETHERNET + 8, &v6, sizeof(v6)))
			return keep;
		// Where IPv4 has its identification, IPv6 has its length, and then the next header.
		protocol = v4.fragment & 0xff;
		header = 40;
		ip_len = SWAP(v4.id) + header;
		flow.source[0] = v6.source[0];
		flow.source[1] = v6.source[1];
		flow.destination[0] = v6.destination[0];
		flow.destination[1] = v6.destination[1];
		transport = &v6.transport;
		kind |= IS_V6;
	} else {
		return keep;
	}
	// With bytes behind its end the frame is not as long as the packet in it says, which is all that is counted.
	if ((protocol != TCP && protocol != UDP) || ip_len + ETHERNET != len)
		return keep;
	kind |= (protocol == TCP ? IS_TCP : 0) | (packet->pkt_type & 7) << TYPE | packet->ifindex;
	flow.head = (__u64)kind << 32 | transport->ports;
	hash = mix(mix(mix(seed, flow.head), flow.source[0]), flow.destination[0]);
	if (kind & IS_V6)
		hash = mix(mix(hash, flow.source[1]), flow.destination[1]);
	slot = find(&flow, hash);
	if (!slot)
		return keep;
	payload = payload_of(transport, protocol == TCP, ip_len - header);
	if (payload < 0)
		return keep;
	ADD(slot->packets, 1);
	ADD(slot->bytes, len);
	ADD(slot->payload, payload);
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";

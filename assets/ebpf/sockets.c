// SPDX-License-Identifier: MIT OR Apache-2.0
// Tells of internet sockets: who makes each, who has it when it is closed, and where the first cannot be told, who
// connects or sends. A cookie names a socket from its beginning on.
// What is attached while makers are told runs once for each socket made and once for each closed, never per packet.
//
// Build: build.sh beside this file.
// Nothing else is needed: the few kernel definitions that it uses are below, and where their members lie is
// taken from the running kernel's BTF when it is loaded (CO-RE).

typedef unsigned char __u8;
typedef unsigned short __u16;
typedef unsigned int __u32;
typedef unsigned long long __u64;

#define SEC(name) __attribute__((section(name), used))
#define CORE __attribute__((preserve_access_index))
#define READ(to, from) read_kernel(&(to), sizeof(to), &(from))
#define EXISTS(field) __builtin_preserve_field_info(field, 2)

enum { BPF_MAP_TYPE_PERCPU_ARRAY = 6, BPF_MAP_TYPE_LRU_HASH = 9, BPF_MAP_TYPE_RINGBUF = 27 };

static void *(*map_lookup)(void *map, const void *key) = (void *)1;
static long (*map_update)(void *map, const void *key, const void *value, __u64 flags) = (void *)2;
static __u64 (*pid_tgid)(void) = (void *)14;
static __u64 (*uid_gid)(void) = (void *)15;
static void *(*current)(void) = (void *)35;
static __u64 (*socket_cookie)(void *ctx) = (void *)46;
static long (*read_user)(void *to, __u32 size, const void *from) = (void *)112;
static long (*read_kernel)(void *to, __u32 size, const void *from) = (void *)113;
static long (*read_text)(void *to, __u32 size, const void *from) = (void *)115;
static long (*ring_output)(void *ring, void *data, __u64 size, __u64 flags) = (void *)130;

struct bpf_sock {
	__u32 bound_dev_if;
	__u32 family;
	__u32 type;
	__u32 protocol;
};

// The rest of what a connect(2) or sendmsg(2) says is of no interest here.
struct bpf_sock_addr {
	__u32 user_family;
	__u32 user_ip4;
	__u32 user_ip6[4];
	__u32 user_port;
	__u32 family;
	__u32 type;
	__u32 protocol;
};

struct qstr {
	const unsigned char *name;
} CORE;

struct hlist_bl_node {
	void *pprev;
} CORE;

struct dentry {
	struct hlist_bl_node d_hash;
	struct dentry *d_parent;
	struct qstr d_name;
} CORE;

struct vfsmount {
	struct dentry *mnt_root;
} CORE;

struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
} CORE;

struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
} CORE;

struct file {
	struct path f_path;
} CORE;

struct mm_struct {
	struct file *exe_file;
	unsigned long arg_start;
	unsigned long arg_end;
} CORE;

struct kernfs_node {
	const char *name;
	struct kernfs_node *__parent;
} CORE;

// As it was before Linux 6.15.
struct kernfs_node___before {
	struct kernfs_node *parent;
} CORE;

struct cgroup {
	struct kernfs_node *kn;
} CORE;

struct css_set {
	struct cgroup *dfl_cgrp;
} CORE;

struct task_struct {
	unsigned int flags;
	struct mm_struct *mm;
	struct task_struct *real_parent;
	struct task_struct *group_leader;
	int tgid;
	__u64 start_boottime;
	char comm[16];
	struct css_set *cgroups;
} CORE;

struct ns_common {
	unsigned int inum;
} CORE;

struct net {
	struct ns_common ns;
} CORE;

typedef struct {
	struct net *net;
} CORE possible_net_t;

struct in6_addr {
	__u8 bytes[16];
};

struct sock_common {
	__u32 skc_daddr;
	__u32 skc_rcv_saddr;
	__u16 skc_dport;
	unsigned short skc_family;
	possible_net_t skc_net;
	struct in6_addr skc_v6_daddr;
	struct in6_addr skc_v6_rcv_saddr;
} CORE;

struct sock {
	struct sock_common __sk_common;
} CORE;

struct inet_sock {
	struct sock sk;
	__u16 inet_sport;
} CORE;

#define NAME 256
#define PATH 2048
#define WORDS 1024
#define DEPTH 40
#define GROUPS 16
#define REMOVED 1
#define WHOLE 2
#define FORKED 4
// PF_FORKNOEXEC and PF_KTHREAD of linux/sched.h.
#define FORK_NO_EXEC 0x40
#define KERNEL_THREAD 0x00200000

enum { OWNED = 1, CLOSED = 2 };
enum { AF_INET = 2, AF_INET6 = 10 };
enum { IPPROTO_TCP = 6, IPPROTO_UDP = 17, IPPROTO_UDPLITE = 136 };

// What both records begin with. src/host/hooks/record.rs reads them.
struct process {
	__u64 cookie;
	// When the process, and the one that started it, began: in nanoseconds since the system did.
	__u64 started;
	__u64 parent_started;
	__u32 kind;
	__u32 pid;
	__u32 parent;
	__u32 uid;
	__u8 comm[16];
	// What kind of socket, as socket(2) was told.
	__u32 type;
	__u32 protocol;
	// 1: the executable has been removed. 2: its path reaches up to the root. 4: forked, and the same program since.
	__u32 flags;
	__u32 unused;
};

// Whose a socket is; what is not used of the text is not sent.
struct owned {
	struct process process;
	__u32 unused;
	// Bytes of the text up to the end of the path, of the words, and of the control group.
	__u32 path;
	__u32 words;
	__u32 group;
	// The parts of the executable's path, the last part first, each ended by a zero; the words that the program was
	// started with; and the names of its control groups, the innermost first.
	__u8 text[PATH + NAME + WORDS + GROUPS * NAME];
};

#define HEAD (sizeof(struct process) + 16)

// A socket that its last holder closes, with its addresses as they stand on the wire.
struct closed {
	struct process process;
	__u32 net;
	__u16 family;
	__u16 unused;
	__u16 port;
	__u16 far_port;
	struct in6_addr ip;
	struct in6_addr far_ip;
	__u32 padding;
};

struct {
	int (*type)[BPF_MAP_TYPE_RINGBUF];
	int (*max_entries)[1 << 20];
} news SEC(".maps");

// Where a record is put together: it is too large for the stack.
struct {
	int (*type)[BPF_MAP_TYPE_PERCPU_ARRAY];
	int (*max_entries)[1];
	__u32 *key;
	struct owned *value;
} scratch SEC(".maps");

// Records that the ring had no room for.
struct {
	int (*type)[BPF_MAP_TYPE_PERCPU_ARRAY];
	int (*max_entries)[1];
	__u32 *key;
	__u64 *value;
} lost SEC(".maps");

// Sockets whose sender has been told: of what is sent without a connection, the first packet is enough.
struct {
	int (*type)[BPF_MAP_TYPE_LRU_HASH];
	int (*max_entries)[1 << 14];
	__u64 *key;
	__u32 *value;
} told SEC(".maps");

static __attribute__((always_inline)) void send(void *record, __u64 size)
{
	__u32 zero = 0;

	if (ring_output(&news, record, size, 0)) {
		__u64 *count = map_lookup(&lost, &zero);
		if (count)
			*count += 1;
	}
}

static __attribute__((always_inline)) struct task_struct *write_process(struct process *at, __u64 cookie, __u32 kind)
{
	struct task_struct *leader = 0, *parent = 0, *task = current();

	at->cookie = cookie;
	at->kind = kind;
	at->pid = pid_tgid() >> 32;
	at->uid = (__u32)uid_gid();
	at->flags = 0;
	READ(leader, task->group_leader);
	READ(at->started, leader->start_boottime);
	READ(at->comm, leader->comm);
	READ(parent, leader->real_parent);
	// It is the thread that forked.
	READ(parent, parent->group_leader);
	READ(at->parent, parent->tgid);
	READ(at->parent_started, parent->start_boottime);
	return leader;
}

// Writes the path of the executable, from its end to the root of its mounts.
static __attribute__((always_inline)) void write_path(struct owned *owned, struct file *file)
{
	struct vfsmount *at = 0;
	struct dentry *entry = 0, *top = 0, *parent = 0;
	struct mount *mount, *above = 0;
	const unsigned char *name = 0;
	void *hashed = 0;
	// Kept in memory, where the verifier forgets its value: else each way through the loop is another state to it.
	volatile __u32 *used = &owned->group;

	READ(at, file->f_path.mnt);
	READ(entry, file->f_path.dentry);
	if (!at || !entry)
		return;
	READ(hashed, entry->d_hash.pprev);
	if (!hashed)
		owned->process.flags |= REMOVED;
	for (int step = 0; step < DEPTH; step++) {
		__u64 len = *used;
		if (len >= PATH)
			break;
		READ(top, at->mnt_root);
		READ(parent, entry->d_parent);
		if (entry == top) {
			mount = (void *)at - __builtin_preserve_field_info(mount->mnt, 0);
			READ(above, mount->mnt_parent);
			if (!above || above == mount) {
				owned->process.flags |= WHOLE;
				break;
			}
			READ(entry, mount->mnt_mountpoint);
			at = (void *)above + __builtin_preserve_field_info(mount->mnt, 0);
			continue;
		}
		READ(name, entry->d_name.name);
		long wrote = read_text(&owned->text[len], NAME, name);
		if (wrote <= 0 || wrote > NAME)
			break;
		*used = len + wrote;
		// A file that never had a place, a memfd say, is its own parent.
		if (parent == entry) {
			owned->process.flags |= WHOLE;
			break;
		}
		entry = parent;
	}
}

// Writes the words that the program was started with. They lie in its own memory, where they seldom are paged out.
static __attribute__((always_inline)) void write_words(struct owned *owned, struct mm_struct *mm)
{
	volatile __u32 *used = &owned->group;
	unsigned long start = 0, end = 0;
	__u64 len = *used;

	READ(start, mm->arg_start);
	READ(end, mm->arg_end);
	__u64 size = end - start;
	if (size > WORDS)
		size = WORDS;
	if (len >= PATH + NAME || size == 0 || read_user(&owned->text[len], size, (void *)start))
		return;
	*used = len + size;
}

// Writes the names of the control group of version 2 that the process is in, up to the root, which has none.
static __attribute__((always_inline)) void write_group(struct owned *owned, struct task_struct *leader)
{
	struct css_set *set = 0;
	struct cgroup *group = 0;
	struct kernfs_node *node = 0;
	const char *name = 0;
	volatile __u32 *used = &owned->group;

	READ(set, leader->cgroups);
	READ(group, set->dfl_cgrp);
	READ(node, group->kn);
	for (int step = 0; step < GROUPS; step++) {
		__u64 len = *used;
		if (!node || len >= PATH + NAME + WORDS + (GROUPS - 1) * NAME)
			break;
		READ(name, node->name);
		long wrote = read_text(&owned->text[len], NAME, name);
		if (wrote <= 0 || wrote > NAME)
			break;
		*used = len + wrote;
		if (EXISTS(node->__parent))
			READ(node, node->__parent);
		else
			READ(node, ((struct kernfs_node___before *)node)->parent);
	}
}

// Tells whose a socket is: the current process's.
static __attribute__((noinline)) int tell(__u64 cookie, __u32 type, __u32 protocol)
{
	__u32 zero = 0;
	struct mm_struct *mm = 0;
	struct file *file = 0;
	struct owned *owned = map_lookup(&scratch, &zero);

	if (!owned)
		return 0;
	struct task_struct *leader = write_process(&owned->process, cookie, OWNED);
	owned->process.type = type;
	owned->process.protocol = protocol;
	// While the text is written this is where it ends.
	owned->group = 0;
	READ(mm, leader->mm);
	READ(file, mm->exe_file);
	if (file)
		write_path(owned, file);
	owned->path = owned->group;
	if (mm)
		write_words(owned, mm);
	owned->words = owned->group;
	write_group(owned, leader);
	__u64 len = owned->group;
	if (len > sizeof(owned->text))
		len = sizeof(owned->text);
	send(owned, HEAD + len);
	return 0;
}

// All of them return 1, which lets the call be, whatever happens here.

SEC("cgroup/sock_create")
int made(struct bpf_sock *socket)
{
	tell(socket_cookie(socket), socket->type, socket->protocol);
	return 1;
}

SEC("cgroup/connect4")
int connects4(struct bpf_sock_addr *call)
{
	tell(socket_cookie(call), call->type, call->protocol);
	return 1;
}

SEC("cgroup/connect6")
int connects6(struct bpf_sock_addr *call)
{
	tell(socket_cookie(call), call->type, call->protocol);
	return 1;
}

static __attribute__((always_inline)) int sends(struct bpf_sock_addr *call)
{
	__u64 cookie = socket_cookie(call);
	__u32 one = 1;

	if (!map_lookup(&told, &cookie)) {
		map_update(&told, &cookie, &one, 0);
		tell(cookie, call->type, call->protocol);
	}
	return 1;
}

SEC("cgroup/sendmsg4")
int sends4(struct bpf_sock_addr *call)
{
	return sends(call);
}

SEC("cgroup/sendmsg6")
int sends6(struct bpf_sock_addr *call)
{
	return sends(call);
}

SEC("cgroup/sock_release")
int closes(struct bpf_sock *socket)
{
	struct closed closed = {};
	struct inet_sock *inet = (void *)socket;
	struct net *net = 0;
	unsigned int flags = 0;
	__u32 protocol = socket->protocol;

	if (protocol != IPPROTO_TCP && protocol != IPPROTO_UDP && protocol != IPPROTO_UDPLITE)
		return 1;
	READ(closed.port, inet->inet_sport);
	// It never had a place, so that nothing was ever sent by it.
	if (!closed.port)
		return 1;
	struct task_struct *leader = write_process(&closed.process, socket_cookie(socket), CLOSED);
	closed.process.type = socket->type;
	closed.process.protocol = protocol;
	// A thread of the kernel that sweeps up is nobody's owner.
	READ(flags, leader->flags);
	if (flags & KERNEL_THREAD)
		closed.process.pid = 0;
	if (flags & FORK_NO_EXEC)
		closed.process.flags = FORKED;
	READ(net, inet->sk.__sk_common.skc_net.net);
	READ(closed.net, net->ns.inum);
	READ(closed.family, inet->sk.__sk_common.skc_family);
	READ(closed.far_port, inet->sk.__sk_common.skc_dport);
	if (closed.family == AF_INET6) {
		READ(closed.ip, inet->sk.__sk_common.skc_v6_rcv_saddr);
		READ(closed.far_ip, inet->sk.__sk_common.skc_v6_daddr);
	} else {
		read_kernel(&closed.ip, 4, &inet->sk.__sk_common.skc_rcv_saddr);
		read_kernel(&closed.far_ip, 4, &inet->sk.__sk_common.skc_daddr);
	}
	send(&closed, sizeof(closed));
	return 1;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";

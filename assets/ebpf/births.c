// SPDX-License-Identifier: MIT OR Apache-2.0
// Tells of every internet socket as it is made: its cookie, which names it from then on, and who made it.
// Runs once per socket and never per packet.
//
// Build: build.sh beside this file.
// Nothing else is needed: the few kernel definitions that it uses are below, and where their members lie is
// taken from the running kernel's BTF when it is loaded (CO-RE).

typedef unsigned char __u8;
typedef unsigned int __u32;
typedef unsigned long long __u64;

#define SEC(name) __attribute__((section(name), used))
#define CORE __attribute__((preserve_access_index))
#define READ(to, from) read_kernel(&(to), sizeof(to), &(from))

enum { BPF_MAP_TYPE_PERCPU_ARRAY = 6, BPF_MAP_TYPE_RINGBUF = 27 };

static void *(*map_lookup)(void *map, const void *key) = (void *)1;
static __u64 (*pid_tgid)(void) = (void *)14;
static __u64 (*uid_gid)(void) = (void *)15;
static void *(*current)(void) = (void *)35;
static __u64 (*socket_cookie)(void *ctx) = (void *)46;
static __u64 (*cgroup_id)(void) = (void *)80;
static long (*read_kernel)(void *to, __u32 size, const void *from) = (void *)113;
static long (*read_text)(void *to, __u32 size, const void *from) = (void *)115;
static long (*ring_output)(void *ring, void *data, __u64 size, __u64 flags) = (void *)130;

struct bpf_sock {
	__u32 bound_dev_if;
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
} CORE;

struct task_struct {
	struct mm_struct *mm;
	struct task_struct *group_leader;
	__u64 start_boottime;
	char comm[16];
} CORE;

#define NAME 256
#define PATH 2048
#define DEPTH 40
#define REMOVED 1
#define WHOLE 2

// One birth, as src/host/births.rs reads it; what is not used of the path is not sent.
struct birth {
	__u64 cookie;
	// When the process started, in nanoseconds since the system did.
	__u64 started;
	__u64 cgroup;
	__u32 pid;
	__u32 uid;
	__u8 comm[16];
	// 1: the executable has been removed. 2: the path reaches up to the root.
	__u32 flags;
	// Bytes of the path.
	__u32 len;
	// What kind of socket, as socket(2) was told.
	__u32 type;
	__u32 protocol;
	// The parts of the executable's path, the last part first, each ended by a zero.
	__u8 path[PATH + NAME];
};

#define HEAD 64

struct {
	int (*type)[BPF_MAP_TYPE_RINGBUF];
	int (*max_entries)[1 << 20];
} births SEC(".maps");

// Where a birth is put together: it is too large for the stack.
struct {
	int (*type)[BPF_MAP_TYPE_PERCPU_ARRAY];
	int (*max_entries)[1];
	__u32 *key;
	struct birth *value;
} scratch SEC(".maps");

// Births that the ring had no room for.
struct {
	int (*type)[BPF_MAP_TYPE_PERCPU_ARRAY];
	int (*max_entries)[1];
	__u32 *key;
	__u64 *value;
} lost SEC(".maps");

// Writes the path of the executable, from its end to the root of its mounts.
static __attribute__((always_inline)) void write_path(struct birth *birth, struct file *file)
{
	struct vfsmount *at = 0;
	struct dentry *entry = 0, *top = 0, *parent = 0;
	struct mount *mount, *above = 0;
	const unsigned char *name = 0;
	void *hashed = 0;
	// Kept in memory, where the verifier forgets its value: else each way through the loop is another state to it.
	volatile __u32 *used = &birth->len;

	READ(at, file->f_path.mnt);
	READ(entry, file->f_path.dentry);
	if (!at || !entry)
		return;
	READ(hashed, entry->d_hash.pprev);
	if (!hashed)
		birth->flags |= REMOVED;
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
				birth->flags |= WHOLE;
				break;
			}
			READ(entry, mount->mnt_mountpoint);
			at = (void *)above + __builtin_preserve_field_info(mount->mnt, 0);
			continue;
		}
		READ(name, entry->d_name.name);
		long wrote = read_text(&birth->path[len], NAME, name);
		if (wrote <= 0 || wrote > NAME)
			break;
		*used = len + wrote;
		// A file that never had a place, a memfd say, is its own parent.
		if (parent == entry) {
			birth->flags |= WHOLE;
			break;
		}
		entry = parent;
	}
}

SEC("cgroup/sock_create")
int born(struct bpf_sock *socket)
{
	__u32 zero = 0;
	struct task_struct *leader = 0, *task = current();
	struct mm_struct *mm = 0;
	struct file *file = 0;
	struct birth *birth = map_lookup(&scratch, &zero);

	// 1 lets the socket be, whatever happens here.
	if (!birth)
		return 1;
	birth->cookie = socket_cookie(socket);
	birth->cgroup = cgroup_id();
	birth->pid = pid_tgid() >> 32;
	birth->uid = (__u32)uid_gid();
	birth->type = socket->type;
	birth->protocol = socket->protocol;
	birth->started = 0;
	birth->flags = 0;
	birth->len = 0;
	READ(leader, task->group_leader);
	READ(birth->started, leader->start_boottime);
	READ(birth->comm, leader->comm);
	READ(mm, task->mm);
	READ(file, mm->exe_file);
	if (file)
		write_path(birth, file);
	__u64 len = birth->len;
	if (len > PATH + NAME)
		len = PATH + NAME;
	if (ring_output(&births, birth, HEAD + len, 0)) {
		__u64 *count = map_lookup(&lost, &zero);
		if (count)
			*count += 1;
	}
	return 1;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";

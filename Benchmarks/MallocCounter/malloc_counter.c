#define _GNU_SOURCE
#include "malloc_counter.h"
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

static malloc_counter_row spare[MALLOC_COUNTER_ROWS];
static malloc_counter_row *table = spare;
static atomic_uint next_row;

// initial-exec: reaching it must not allocate.
static __thread malloc_counter_row *mine __attribute__((tls_model("initial-exec")));

static void *(*real_malloc)(size_t);
static void *(*real_calloc)(size_t, size_t);
static void *(*real_realloc)(void *, size_t);
static int (*real_posix_memalign)(void **, size_t, size_t);
static void *(*real_aligned_alloc)(size_t, size_t);
static void *(*real_memalign)(size_t, size_t);
static void (*real_free)(void *);

// dlsym may allocate before the real functions are known; what it gets comes from here and is never freed.
static char early[16384];
static atomic_size_t early_used;

static void *early_allocate(size_t size) {
    size_t at = atomic_fetch_add(&early_used, (size + 15) & ~(size_t)15);
    return at + size <= sizeof early ? early + at : NULL;
}

static int is_early(const void *memory) {
    return (const char *)memory >= early && (const char *)memory < early + sizeof early;
}

static void *find(const char *name) { return dlsym(RTLD_NEXT, name); }

/// Other libraries' constructors allocate before ours has run, so that the first allocation prepares; there is one thread then.
static int is_ready(void) {
    static int is_preparing;
    if (real_malloc) return 1;
    if (is_preparing) return 0;
    is_preparing = 1;
    *(void **)&real_calloc = find("calloc");
    *(void **)&real_realloc = find("realloc");
    *(void **)&real_posix_memalign = find("posix_memalign");
    *(void **)&real_aligned_alloc = find("aligned_alloc");
    *(void **)&real_memalign = find("memalign");
    *(void **)&real_free = find("free");
    *(void **)&real_malloc = find("malloc");
    return real_malloc != NULL;
}

__attribute__((constructor)) static void map_table(void) {
    const char *path = getenv("MALLOC_COUNTER_FILE");
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0) return;
    void *shared = mmap(NULL, sizeof spare, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (shared == MAP_FAILED) return;
    table = shared;
    // The first thread's row so far was in the spare table.
    mine = NULL;
}

static malloc_counter_row *own_row(void) {
    if (!mine) {
        unsigned row = atomic_fetch_add(&next_row, 1);
        mine = &table[row < MALLOC_COUNTER_ROWS ? row : MALLOC_COUNTER_ROWS - 1];
        mine->thread = (uint64_t)syscall(SYS_gettid);
    }
    return mine;
}

static void count(void) { __atomic_fetch_add(&own_row()->allocations, 1, __ATOMIC_RELAXED); }

void *malloc(size_t size) {
    if (!is_ready()) return early_allocate(size);
    count();
    return real_malloc(size);
}

void *calloc(size_t count_of, size_t size) {
    if (!is_ready()) return early_allocate(count_of * size);
    count();
    return real_calloc(count_of, size);
}

void *realloc(void *memory, size_t size) {
    int ready = is_ready();
    if (!ready || is_early(memory)) {
        void *moved = ready ? real_malloc(size) : early_allocate(size);
        if (moved && memory) {
            size_t left = (size_t)(early + sizeof early - (char *)memory);
            memcpy(moved, memory, left < size ? left : size);
        }
        return moved;
    }
    count();
    return real_realloc(memory, size);
}

int posix_memalign(void **out, size_t alignment, size_t size) {
    if (!is_ready()) return ENOMEM;
    count();
    return real_posix_memalign(out, alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
    if (!is_ready()) return NULL;
    count();
    return real_aligned_alloc(alignment, size);
}

void *memalign(size_t alignment, size_t size) {
    if (!is_ready()) return NULL;
    count();
    return real_memalign(alignment, size);
}

void free(void *memory) {
    if (!memory || is_early(memory)) return;
    if (real_free) real_free(memory);
}

// Looked up at the first call, not ahead: it may come before any constructor has run.
#define COUNTED(result, name, call, parameters, arguments)                                     \
    result name parameters {                                                                   \
        static result(*real) parameters;                                                       \
        if (!real) *(void **)&real = find(#name);                                              \
        __atomic_fetch_add(&own_row()->calls[MALLOC_COUNTER_##call], 1, __ATOMIC_RELAXED);     \
        return real arguments;                                                                 \
    }

COUNTED(int, sendmmsg, SEND, (int fd, struct mmsghdr *messages, unsigned length, int flags), (fd, messages, length, flags))
COUNTED(int, recvmmsg, RECEIVE, (int fd, struct mmsghdr *messages, unsigned length, int flags, struct timespec *limit),
        (fd, messages, length, flags, limit))
COUNTED(ssize_t, sendmsg, SINGLE, (int fd, const struct msghdr *message, int flags), (fd, message, flags))
COUNTED(ssize_t, recvmsg, SINGLE, (int fd, struct msghdr *message, int flags), (fd, message, flags))
COUNTED(ssize_t, sendto, SINGLE,
        (int fd, const void *data, size_t size, int flags, const struct sockaddr *to, socklen_t length),
        (fd, data, size, flags, to, length))
COUNTED(ssize_t, recvfrom, SINGLE, (int fd, void *data, size_t size, int flags, struct sockaddr *from, socklen_t *length),
        (fd, data, size, flags, from, length))
COUNTED(int, epoll_wait, WAIT, (int fd, struct epoll_event *events, int count, int limit), (fd, events, count, limit))
COUNTED(int, epoll_pwait, WAIT, (int fd, struct epoll_event *events, int count, int limit, const sigset_t *mask),
        (fd, events, count, limit, mask))
COUNTED(int, epoll_ctl, WAIT, (int poll, int operation, int fd, struct epoll_event *event), (poll, operation, fd, event))
COUNTED(int, timerfd_settime, TIMER, (int fd, int flags, const struct itimerspec *time, struct itimerspec *before),
        (fd, flags, time, before))
COUNTED(ssize_t, read, READ, (int fd, void *data, size_t size), (fd, data, size))
COUNTED(ssize_t, write, WRITE, (int fd, const void *data, size_t size), (fd, data, size))

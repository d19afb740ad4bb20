#ifndef SWITCHYARD_CNET_H
#define SWITCHYARD_CNET_H

// What Glibc's Swift module lacks: _GNU_SOURCE functions and the cmsg macros.

#include <stdint.h>
#include <sys/socket.h>

/// Has the cache lines of `length` bytes fetched while the caller goes on.
static inline void cnet_prefetch(const void *memory, int length) {
    for (int at = 0; at < length; at += 64) __builtin_prefetch((const char *)memory + at, 1);
}

/// A non-blocking, close-on-exec eventfd; -1 and errno on failure.
int cnet_eventfd(void);

/// A non-blocking, close-on-exec timerfd on the monotonic clock; -1 and errno on failure.
int cnet_timerfd(void);

/// Makes `fd` readable once, `microseconds` from now.
int cnet_timerfd_arm(int fd, int64_t microseconds);

/// Names the calling thread (at most 15 bytes are kept).
void cnet_name_thread(const char *name);

/// An address and port without the padding and the unions of sockaddr: cheap to compare and to hash.
/// IPv4: `high` is 0 and `low` the address; IPv6: both halves. All in host byte order.
typedef struct {
    uint64_t high;
    uint64_t low;
    uint16_t port;
    uint8_t is_ipv6;
} cnet_endpoint;

/// Writes `endpoint` as a sockaddr; returns its length.
socklen_t cnet_endpoint_to_sockaddr(const cnet_endpoint *endpoint, struct sockaddr_storage *out);

/// Reads an IPv4 or IPv6 sockaddr (v4-mapped becomes IPv4); 0, or -1 for another family.
int cnet_endpoint_from_sockaddr(const struct sockaddr_storage *address, cnet_endpoint *out);

/// Parses a textual address; 0, or -1 where it is none.
int cnet_endpoint_parse(const char *text, uint16_t port, cnet_endpoint *out);

/// Looks a host's first address up; 0, or -1 where it has none.
int cnet_resolve(const char *host, uint16_t port, cnet_endpoint *out);

/// Writes the textual address without the port into `out` (at least 46 bytes).
void cnet_endpoint_format(const cnet_endpoint *endpoint, char *out);

/// What a socket's buffers are to hold: a busy worker's packets of some 20 ms, either way.
enum { CNET_SOCKET_BUFFER = 4 << 20 };

/// A non-blocking UDP socket bound to `local` with buffers of CNET_SOCKET_BUFFER, or what the kernel's limit leaves of that; -1 and errno on failure.
/// On return `local->port` is the port that was bound.
int cnet_udp_open(cnet_endpoint *local);

/// Datagrams that the kernel dropped because the socket's receive buffer was full, since it was opened.
uint32_t cnet_receive_drops(int fd);

/// The smaller one of the socket's two buffers, in the bytes that were asked for; 0 where the kernel does not say.
int cnet_buffer_bytes(int fd);

/// One datagram to receive: the caller sets `data` and `capacity`.
typedef struct {
    void *data;
    uint32_t capacity;
    /// [out] 0 for a datagram that did not fit or came from an unknown family.
    uint32_t length;
    cnet_endpoint from;
} cnet_inbound;

enum { CNET_RECEIVE_BATCH = 32, CNET_SEND_BATCH = 32 };

/// Receives up to `count` (at most CNET_RECEIVE_BATCH) datagrams; returns how many, 0 when there are none.
int cnet_receive(int fd, cnet_inbound *datagrams, int count);

/// A run of datagrams for one address: `length` bytes, cut by the kernel every `segment` bytes (the last may be
/// shorter). `segment` 0: one datagram.
typedef struct {
    const void *data;
    uint32_t length;
    uint16_t segment;
    cnet_endpoint to;
} cnet_outbound;

/// Sends up to `count` (at most CNET_SEND_BATCH) runs. Returns how many datagrams were dropped because the socket was
/// full or refused them. `*segmentation` is cleared, and stays so, when the kernel refuses UDP_SEGMENT; runs are then
/// sent datagram by datagram.
int cnet_send(int fd, const cnet_outbound *runs, int count, int *segmentation);

/// A datagram with the time at which the kernel got it, in nanoseconds of the real-time clock; 0 where it did not say.
typedef struct {
    void *data;
    uint32_t length;
    int64_t at;
} cnet_arrival;

/// Memory and message headers, made once, to receive many datagrams of many sockets whose sender does not matter.
typedef struct cnet_receiver cnet_receiver;
enum { CNET_RECEIVER_SLOTS = 64 };
/// NULL where there is no memory. Free with cnet_receiver_free.
cnet_receiver *cnet_receiver_new(uint32_t slot_size);
void cnet_receiver_free(cnet_receiver *receiver);
/// Has the kernel note when each datagram came to this socket.
void cnet_stamp_arrivals(int fd);
/// Receives what waits, at most CNET_RECEIVER_SLOTS datagrams; returns how many. They are valid until the next call. `length` is 0
/// for a datagram that did not fit.
int cnet_receiver_take(cnet_receiver *receiver, int fd);
const cnet_arrival *cnet_receiver_arrivals(const cnet_receiver *receiver);

/// Many sockets in one wait, for those who need no loop. An epoll; -1 and errno on failure.
int cnet_poll_new(void);
/// Reports `tag` while `fd` is readable, until it is closed.
int cnet_poll_add(int poll, int fd, uint32_t tag);
/// Waits at most `microseconds`; returns how many tags (at most 256) were written.
int cnet_poll_wait(int poll, uint32_t *tags, int capacity, int64_t microseconds);

/// Non-loopback addresses of this machine that are up, IPv4 first, no link-local ones; returns how many were written.
int cnet_local_addresses(cnet_endpoint *out, int capacity);

/// The kernel kills this process (SIGKILL) when the thread that started it ends. Whoever calls it checks afterwards that its
/// parent is still the one it expects.
void cnet_die_with_parent(void);

#endif

#define _GNU_SOURCE
#include "cnet.h"
#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <ifaddrs.h>
#include <linux/sock_diag.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

int cnet_eventfd(void) { return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC); }

int cnet_timerfd(void) { return timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC); }

int cnet_timerfd_arm(int fd, int64_t microseconds) {
    if (microseconds < 1) microseconds = 1;
    struct itimerspec when = {.it_value = {.tv_sec = microseconds / 1000000, .tv_nsec = (microseconds % 1000000) * 1000}};
    return timerfd_settime(fd, 0, &when, NULL);
}

void cnet_name_thread(const char *name) {
    char kept[16];
    strncpy(kept, name, sizeof kept - 1);
    kept[sizeof kept - 1] = 0;
    pthread_setname_np(pthread_self(), kept);
}

socklen_t cnet_endpoint_to_sockaddr(const cnet_endpoint *endpoint, struct sockaddr_storage *out) {
    if (endpoint->is_ipv6) {
        struct sockaddr_in6 *address = (struct sockaddr_in6 *)out;
        memset(address, 0, sizeof *address);
        address->sin6_family = AF_INET6;
        address->sin6_port = htobe16(endpoint->port);
        uint64_t halves[2] = {htobe64(endpoint->high), htobe64(endpoint->low)};
        memcpy(&address->sin6_addr, halves, 16);
        return sizeof *address;
    }
    struct sockaddr_in *address = (struct sockaddr_in *)out;
    memset(address, 0, sizeof *address);
    address->sin_family = AF_INET;
    address->sin_port = htobe16(endpoint->port);
    address->sin_addr.s_addr = htobe32((uint32_t)endpoint->low);
    return sizeof *address;
}

int cnet_endpoint_from_sockaddr(const struct sockaddr_storage *address, cnet_endpoint *out) {
    memset(out, 0, sizeof *out);
    if (address->ss_family == AF_INET) {
        const struct sockaddr_in *ipv4 = (const struct sockaddr_in *)address;
        out->low = be32toh(ipv4->sin_addr.s_addr);
        out->port = be16toh(ipv4->sin_port);
        return 0;
    }
    if (address->ss_family != AF_INET6) return -1;
    const struct sockaddr_in6 *ipv6 = (const struct sockaddr_in6 *)address;
    uint64_t halves[2];
    memcpy(halves, &ipv6->sin6_addr, 16);
    out->port = be16toh(ipv6->sin6_port);
    if (IN6_IS_ADDR_V4MAPPED(&ipv6->sin6_addr)) {
        out->low = be64toh(halves[1]) & 0xffffffffu;
        return 0;
    }
    out->high = be64toh(halves[0]);
    out->low = be64toh(halves[1]);
    out->is_ipv6 = 1;
    return 0;
}

int cnet_endpoint_parse(const char *text, uint16_t port, cnet_endpoint *out) {
    struct sockaddr_storage address = {0};
    struct sockaddr_in *ipv4 = (struct sockaddr_in *)&address;
    struct sockaddr_in6 *ipv6 = (struct sockaddr_in6 *)&address;
    if (inet_pton(AF_INET, text, &ipv4->sin_addr) == 1) {
        address.ss_family = AF_INET;
    } else if (inet_pton(AF_INET6, text, &ipv6->sin6_addr) == 1) {
        address.ss_family = AF_INET6;
    } else {
        return -1;
    }
    if (cnet_endpoint_from_sockaddr(&address, out) != 0) return -1;
    out->port = port;
    return 0;
}

int cnet_resolve(const char *host, uint16_t port, cnet_endpoint *out) {
    struct addrinfo *found = NULL, hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    if (getaddrinfo(host, NULL, &hints, &found) != 0) return -1;
    int result = -1;
    struct sockaddr_storage address = {0};
    if (found && found->ai_addrlen <= sizeof address) {
        memcpy(&address, found->ai_addr, found->ai_addrlen);
        result = cnet_endpoint_from_sockaddr(&address, out);
        out->port = port;
    }
    freeaddrinfo(found);
    return result;
}

void cnet_endpoint_format(const cnet_endpoint *endpoint, char *out) {
    struct sockaddr_storage address;
    cnet_endpoint_to_sockaddr(endpoint, &address);
    const void *source = endpoint->is_ipv6 ? (const void *)&((struct sockaddr_in6 *)&address)->sin6_addr
                                           : (const void *)&((struct sockaddr_in *)&address)->sin_addr;
    if (!inet_ntop(endpoint->is_ipv6 ? AF_INET6 : AF_INET, source, out, INET6_ADDRSTRLEN)) out[0] = 0;
}

int cnet_udp_open(cnet_endpoint *local) {
    int fd = socket(local->is_ipv6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    int one = 1, large = CNET_SOCKET_BUFFER;
    // Who administers the network may go beyond the kernel's limit; others get as much as that allows.
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &large, sizeof large) != 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &large, sizeof large);
    if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &large, sizeof large) != 0)
        setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &large, sizeof large);
    if (local->is_ipv6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
    struct sockaddr_storage address;
    socklen_t length = cnet_endpoint_to_sockaddr(local, &address);
    if (bind(fd, (struct sockaddr *)&address, length) != 0 || getsockname(fd, (struct sockaddr *)&address, &length) != 0 ||
        cnet_endpoint_from_sockaddr(&address, local) != 0) {
        int why = errno;
        close(fd);
        errno = why;
        return -1;
    }
    return fd;
}

uint32_t cnet_receive_drops(int fd) {
    uint32_t values[SK_MEMINFO_VARS] = {0};
    socklen_t length = sizeof values;
    if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, values, &length) != 0) return 0;
    return values[SK_MEMINFO_DROPS];
}

int cnet_buffer_bytes(int fd) {
    int receive = 0, send = 0;
    socklen_t length = sizeof receive;
    // The kernel reports twice of what it was asked for: its own bookkeeping counts, too.
    if (getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive, &length) != 0) return 0;
    length = sizeof send;
    if (getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &send, &length) != 0) return 0;
    return (receive < send ? receive : send) / 2;
}

int cnet_receive(int fd, cnet_inbound *datagrams, int count) {
    struct mmsghdr headers[CNET_RECEIVE_BATCH];
    struct iovec parts[CNET_RECEIVE_BATCH];
    struct sockaddr_storage addresses[CNET_RECEIVE_BATCH];
    if (count > CNET_RECEIVE_BATCH) count = CNET_RECEIVE_BATCH;
    for (int i = 0; i < count; i++) {
        parts[i] = (struct iovec){.iov_base = datagrams[i].data, .iov_len = datagrams[i].capacity};
        headers[i].msg_hdr = (struct msghdr){
            .msg_name = &addresses[i], .msg_namelen = sizeof addresses[i], .msg_iov = &parts[i], .msg_iovlen = 1};
    }
    int received = recvmmsg(fd, headers, (unsigned)count, MSG_DONTWAIT, NULL);
    if (received < 0) return 0;
    for (int i = 0; i < received; i++) {
        int usable = !(headers[i].msg_hdr.msg_flags & MSG_TRUNC) &&
                     cnet_endpoint_from_sockaddr(&addresses[i], &datagrams[i].from) == 0;
        datagrams[i].length = usable ? headers[i].msg_len : 0;
    }
    return received;
}

struct cnet_receiver {
    struct mmsghdr headers[CNET_RECEIVER_SLOTS];
    struct iovec parts[CNET_RECEIVER_SLOTS];
    cnet_arrival arrivals[CNET_RECEIVER_SLOTS];
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(struct timespec))];
    } controls[CNET_RECEIVER_SLOTS];
    void *memory;
};

cnet_receiver *cnet_receiver_new(uint32_t slot_size) {
    cnet_receiver *receiver = calloc(1, sizeof *receiver);
    if (!receiver) return NULL;
    receiver->memory = calloc(CNET_RECEIVER_SLOTS, slot_size);
    if (!receiver->memory) {
        free(receiver);
        return NULL;
    }
    for (int i = 0; i < CNET_RECEIVER_SLOTS; i++) {
        void *slot = (char *)receiver->memory + (size_t)i * slot_size;
        receiver->arrivals[i].data = slot;
        receiver->parts[i] = (struct iovec){.iov_base = slot, .iov_len = slot_size};
        receiver->headers[i].msg_hdr = (struct msghdr){
            .msg_iov = &receiver->parts[i], .msg_iovlen = 1, .msg_control = receiver->controls[i].bytes,
            .msg_controllen = sizeof receiver->controls[i].bytes};
    }
    return receiver;
}

void cnet_receiver_free(cnet_receiver *receiver) {
    free(receiver->memory);
    free(receiver);
}

void cnet_stamp_arrivals(int fd) {
    int one = 1;
    setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof one);
}

int cnet_receiver_take(cnet_receiver *receiver, int fd) {
    int count = recvmmsg(fd, receiver->headers, CNET_RECEIVER_SLOTS, MSG_DONTWAIT, NULL);
    if (count <= 0) return 0;
    for (int i = 0; i < count; i++) {
        struct msghdr *header = &receiver->headers[i].msg_hdr;
        cnet_arrival *arrival = &receiver->arrivals[i];
        arrival->length = header->msg_flags & MSG_TRUNC ? 0 : receiver->headers[i].msg_len;
        arrival->at = 0;
        struct cmsghdr *control = CMSG_FIRSTHDR(header);
        if (control && control->cmsg_level == SOL_SOCKET && control->cmsg_type == SCM_TIMESTAMPNS) {
            struct timespec time;
            memcpy(&time, CMSG_DATA(control), sizeof time);
            arrival->at = (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
        }
        header->msg_controllen = sizeof receiver->controls[i].bytes;
        header->msg_flags = 0;
    }
    return count;
}

const cnet_arrival *cnet_receiver_arrivals(const cnet_receiver *receiver) { return receiver->arrivals; }

static int segments_of(const cnet_outbound *run) {
    return run->segment ? (int)((run->length + run->segment - 1u) / run->segment) : 1;
}

/// One sendto a datagram, for kernels and devices that refuse UDP_SEGMENT; returns the number dropped.
static int send_one_by_one(int fd, const cnet_outbound *run) {
    struct sockaddr_storage address;
    socklen_t address_length = cnet_endpoint_to_sockaddr(&run->to, &address);
    uint32_t step = run->segment ? run->segment : run->length;
    int dropped = 0;
    for (uint32_t at = 0; at < run->length; at += step) {
        uint32_t length = run->length - at < step ? run->length - at : step;
        if (sendto(fd, (const char *)run->data + at, length, MSG_DONTWAIT, (struct sockaddr *)&address, address_length) < 0)
            dropped++;
    }
    return dropped;
}

int cnet_send(int fd, const cnet_outbound *runs, int count, int *segmentation) {
    struct mmsghdr headers[CNET_SEND_BATCH];
    struct iovec parts[CNET_SEND_BATCH];
    struct sockaddr_storage addresses[CNET_SEND_BATCH];
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(uint16_t))];
    } controls[CNET_SEND_BATCH];
    int dropped = 0;
    if (count > CNET_SEND_BATCH) count = CNET_SEND_BATCH;
    if (!*segmentation) {
        for (int i = 0; i < count; i++) dropped += send_one_by_one(fd, &runs[i]);
        return dropped;
    }
    for (int i = 0; i < count; i++) {
        socklen_t address_length = cnet_endpoint_to_sockaddr(&runs[i].to, &addresses[i]);
        parts[i] = (struct iovec){.iov_base = (void *)runs[i].data, .iov_len = runs[i].length};
        headers[i].msg_hdr = (struct msghdr){
            .msg_name = &addresses[i], .msg_namelen = address_length, .msg_iov = &parts[i], .msg_iovlen = 1};
        if (!runs[i].segment || runs[i].segment >= runs[i].length) continue;
        headers[i].msg_hdr.msg_control = controls[i].bytes;
        headers[i].msg_hdr.msg_controllen = sizeof controls[i].bytes;
        controls[i].header.cmsg_level = SOL_UDP;
        controls[i].header.cmsg_type = UDP_SEGMENT;
        controls[i].header.cmsg_len = CMSG_LEN(sizeof(uint16_t));
        memcpy(CMSG_DATA(&controls[i].header), &runs[i].segment, sizeof(uint16_t));
    }
    int done = 0;
    while (done < count) {
        int sent = sendmmsg(fd, headers + done, (unsigned)(count - done), MSG_DONTWAIT);
        if (sent > 0) {
            done += sent;
            continue;
        }
        if (errno == EINTR) continue;
        if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS) {
            for (; done < count; done++) dropped += segments_of(&runs[done]);
            break;
        }
        // The first message of what is left is at fault; the rest may be sound.
        if (errno == EIO && headers[done].msg_hdr.msg_controllen) *segmentation = 0;
        dropped += send_one_by_one(fd, &runs[done]);
        done++;
    }
    return dropped;
}

int cnet_poll_new(void) { return epoll_create1(EPOLL_CLOEXEC); }

int cnet_poll_add(int poll, int fd, uint32_t tag) {
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = tag};
    return epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event);
}

int cnet_poll_wait(int poll, uint32_t *tags, int capacity, int64_t microseconds) {
    struct epoll_event events[256];
    if (capacity > 256) capacity = 256;
    if (microseconds < 0) microseconds = 0;
    struct timespec limit = {.tv_sec = microseconds / 1000000, .tv_nsec = microseconds % 1000000 * 1000};
    int ready = epoll_pwait2(poll, events, capacity, &limit, NULL);
    for (int i = 0; i < ready; i++) tags[i] = events[i].data.u32;
    return ready < 0 ? 0 : ready;
}

int cnet_local_addresses(cnet_endpoint *out, int capacity) {
    struct ifaddrs *all = NULL;
    if (getifaddrs(&all) != 0) return 0;
    int count = 0;
    for (int family = 0; family < 2; family++) {
        for (struct ifaddrs *item = all; item && count < capacity; item = item->ifa_next) {
            if (!item->ifa_addr || !(item->ifa_flags & IFF_UP) || (item->ifa_flags & IFF_LOOPBACK)) continue;
            if (item->ifa_addr->sa_family != (family ? AF_INET6 : AF_INET)) continue;
            if (family && IN6_IS_ADDR_LINKLOCAL(&((struct sockaddr_in6 *)item->ifa_addr)->sin6_addr)) continue;
            struct sockaddr_storage address = {0};
            memcpy(&address, item->ifa_addr, family ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in));
            if (cnet_endpoint_from_sockaddr(&address, &out[count]) == 0) {
                out[count].port = 0;
                count++;
            }
        }
    }
    freeifaddrs(all);
    return count;
}

void cnet_die_with_parent(void) { prctl(PR_SET_PDEATHSIG, SIGKILL); }

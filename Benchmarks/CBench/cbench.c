#define _GNU_SOURCE
#include "cbench.h"
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#ifndef UDP_GRO
#define UDP_GRO 104
#endif

void cbench_prepare(int fd) {
    int one = 1, large = 4 << 20;
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &large, sizeof large);
    setsockopt(fd, SOL_UDP, UDP_GRO, &one, sizeof one);
}

static void count(cbench_counts *counts, const uint8_t *packet, size_t length) {
    uint32_t ssrc = (uint32_t)packet[8] << 24 | (uint32_t)packet[9] << 16 | (uint32_t)packet[10] << 8 | packet[11];
    uint16_t sequence = (uint16_t)(packet[2] << 8 | packet[3]);
    cbench_stream *stream = NULL;
    for (int i = 0; i < counts->stream_count; i++)
        if (counts->streams[i].ssrc == ssrc) stream = &counts->streams[i];
    if (!stream) {
        if (counts->stream_count == CBENCH_STREAMS) return;
        stream = &counts->streams[counts->stream_count++];
        *stream = (cbench_stream){.ssrc = ssrc, .highest = (uint16_t)(sequence - 1)};
    }
    int16_t step = (int16_t)(sequence - stream->highest);
    if (step > 0) {
        stream->missing += step - 1;
        stream->highest = sequence;
    } else {
        stream->missing--;
    }
    stream->packets++;
    stream->bytes += length;
}

uint16_t cbench_arrived(const cbench_counts *counts, int n) { return counts->arrived[n]; }
int64_t cbench_arrived_at(const cbench_counts *counts, int n) { return counts->arrived_at[n]; }

/// Notes the transport-wide sequence number in a one-byte header extension (RFC 8285).
static void note_arrival(cbench_counts *counts, const uint8_t *packet, size_t length, int64_t time) {
    size_t at = 12 + 4 * (size_t)(packet[0] & 15);
    if (!(packet[0] & 16) || at + 4 > length || packet[at] != 0xbe || packet[at + 1] != 0xde) return;
    size_t end = at + 4 + 4 * (size_t)(packet[at + 2] << 8 | packet[at + 3]);
    if (end > length) return;
    for (at += 4; at < end;) {
        size_t bytes = (packet[at] & 15) + 1u;
        if (packet[at] == 0) {
            at++;
            continue;
        }
        if (packet[at] >> 4 == counts->transport_extension && bytes == 2 && at + 2 < end &&
            counts->arrived_count < CBENCH_ARRIVALS) {
            counts->arrived[counts->arrived_count] = (uint16_t)(packet[at + 1] << 8 | packet[at + 2]);
            counts->arrived_at[counts->arrived_count++] = time;
            return;
        }
        at += 1 + bytes;
    }
}

uint64_t cbench_packets(const cbench_counts *counts) {
    uint64_t sum = 0;
    for (int i = 0; i < counts->stream_count; i++) sum += counts->streams[i].packets;
    return sum;
}

uint64_t cbench_bytes(const cbench_counts *counts) {
    uint64_t sum = 0;
    for (int i = 0; i < counts->stream_count; i++) sum += counts->streams[i].bytes;
    return sum;
}

int64_t cbench_missing(const cbench_counts *counts) {
    int64_t sum = 0;
    for (int i = 0; i < counts->stream_count; i++) sum += counts->streams[i].missing;
    return sum;
}

enum { BATCH = 8, SLOT = 65536 };

/// Bytes of each packet of a joined delivery; 0 where it is a single packet.
static size_t segment_of(struct msghdr *header) {
    for (struct cmsghdr *control = CMSG_FIRSTHDR(header); control; control = CMSG_NXTHDR(header, control)) {
        if (control->cmsg_level != SOL_UDP || control->cmsg_type != UDP_GRO) continue;
        int segment;
        memcpy(&segment, CMSG_DATA(control), sizeof segment);
        return segment > 0 ? (size_t)segment : 0;
    }
    return 0;
}

void cbench_drain(int fd, cbench_counts *counts, unsigned sample_every,
                  void (*other)(void *context, uint8_t *data, size_t length), void *context) {
    static _Thread_local uint8_t memory[BATCH][SLOT];
    struct mmsghdr headers[BATCH];
    struct iovec parts[BATCH];
    union {
        struct cmsghdr header;
        // An arrival time comes first where somebody asked for it.
        char bytes[CMSG_SPACE(sizeof(struct timespec)) + CMSG_SPACE(sizeof(int))];
    } controls[BATCH];
    for (;;) {
        for (int i = 0; i < BATCH; i++) {
            parts[i] = (struct iovec){.iov_base = memory[i], .iov_len = SLOT};
            headers[i].msg_hdr = (struct msghdr){
                .msg_iov = &parts[i], .msg_iovlen = 1, .msg_control = &controls[i], .msg_controllen = sizeof controls[i]};
        }
        int received = recvmmsg(fd, headers, BATCH, MSG_DONTWAIT, NULL);
        if (received <= 0) return;
        struct timespec clock;
        clock_gettime(CLOCK_MONOTONIC, &clock);
        int64_t time = (int64_t)clock.tv_sec * 1000000 + clock.tv_nsec / 1000;
        for (int i = 0; i < received; i++) {
            size_t total = headers[i].msg_len, step = total;
            size_t segment = segment_of(&headers[i].msg_hdr);
            if (segment > 0) step = segment;
            counts->deliveries++;
            for (size_t at = 0; at < total; at += step) {
                size_t length = total - at < step ? total - at : step;
                uint8_t *packet = memory[i] + at;
                int is_rtp = length >= 12 && packet[0] >> 6 == 2 && (packet[1] < 192 || packet[1] > 223);
                if (!is_rtp) {
                    other(context, packet, length);
                    continue;
                }
                count(counts, packet, length);
                if (counts->transport_extension) note_arrival(counts, packet, length, time);
                if (sample_every && counts->streams[0].packets % sample_every == 0) other(context, packet, length);
            }
        }
        if (received < BATCH) return;
    }
}

static volatile sig_atomic_t children[16];

static void end_all(int number) {
    for (size_t i = 0; i < sizeof children / sizeof *children; i++)
        if (children[i] > 0) kill(children[i], SIGTERM);
    signal(number, SIG_DFL);
    raise(number);
}

static void replace_child(int from, int to) {
    for (size_t i = 0; i < sizeof children / sizeof *children; i++) {
        if (children[i] != from) continue;
        children[i] = to;
        return;
    }
}

void cbench_child_began(int pid) {
    signal(SIGINT, end_all);
    signal(SIGTERM, end_all);
    replace_child(0, pid);
}

void cbench_child_ended(int pid) { replace_child(pid, 0); }

int cbench_may_run_on(int processor) {
    static cpu_set_t allowed;
    static int is_known;
    if (!is_known) is_known = sched_getaffinity(0, sizeof allowed, &allowed) == 0 ? 1 : -1;
    return is_known == 1 && processor >= 0 && processor < CPU_SETSIZE && CPU_ISSET(processor, &allowed);
}

int cbench_run_on(const int *processors, int count) {
    cpu_set_t set;
    CPU_ZERO(&set);
    for (int i = 0; i < count; i++)
        if (processors[i] >= 0 && processors[i] < CPU_SETSIZE) CPU_SET(processors[i], &set);
    return sched_setaffinity(0, sizeof set, &set);
}

#ifndef SWITCHYARD_CBENCH_H
#define SWITCHYARD_CBENCH_H

// What the benchmark's clients do for every packet, in C so that receiving costs little beside what is measured.

#include <stddef.h>
#include <stdint.h>

/// One RTP stream as it was received.
typedef struct {
    uint32_t ssrc;
    uint16_t highest;
    uint64_t packets;
    uint64_t bytes;
    /// Sequence numbers skipped less those that came late: packets lost so far.
    int64_t missing;
} cbench_stream;

enum { CBENCH_STREAMS = 4, CBENCH_ARRIVALS = 512 };

typedef struct {
    cbench_stream streams[CBENCH_STREAMS];
    int stream_count;
    /// Datagrams as the kernel handed them over: runs that came as one count once.
    uint64_t deliveries;
    /// Identifier of the header extension with transport-wide sequence numbers; 0: they are not looked for.
    uint8_t transport_extension;
    /// What arrived since `arrived_count` was set to 0: those numbers, and microseconds on the monotonic clock. What there is no
    /// room for is forgotten.
    int arrived_count;
    uint16_t arrived[CBENCH_ARRIVALS];
    int64_t arrived_at[CBENCH_ARRIVALS];
} cbench_counts;

/// The `n`-th number that arrived, and when.
uint16_t cbench_arrived(const cbench_counts *counts, int n);
int64_t cbench_arrived_at(const cbench_counts *counts, int n);

uint64_t cbench_packets(const cbench_counts *counts);
uint64_t cbench_bytes(const cbench_counts *counts);
int64_t cbench_missing(const cbench_counts *counts);

/// Lets the kernel hand over whole segmentation runs, and enlarges the receive buffer.
void cbench_prepare(int fd);

/// Receives everything that waits on `fd`. RTP is counted; everything else, and each `sample_every`-th RTP packet (0: none),
/// goes to `other`, the bytes being valid, and writable, during the call.
void cbench_drain(int fd, cbench_counts *counts, unsigned sample_every,
                  void (*other)(void *context, uint8_t *data, size_t length), void *context);

/// From now on, process `pid` (one of at most 16) is terminated when this program is interrupted or terminated: it is in a
/// process group of its own.
void cbench_child_began(int pid);
void cbench_child_ended(int pid);

/// Whether this process was allowed to run on that processor when it began.
int cbench_may_run_on(int processor);
/// Keeps the calling thread, and what it starts from now on, on these processors; 0, or -1 and errno on failure.
int cbench_run_on(const int *processors, int count);

/// Encrypts a `length`-byte packet `rounds` times as SRTP needs it, by OpenSSL's public calls alone, and returns the
/// nanoseconds of one. `gcm`: AES-GCM, else AES-CTR and HMAC-SHA1; -1 on failure.
double cbench_raw_seal(int gcm, int key_length, int length, int rounds);
/// The same for decrypting.
double cbench_raw_open(int gcm, int key_length, int length, int rounds);

/// The calling thread gives way to the others that want its processor.
void cbench_give_way(void);

/// Nanoseconds that this thread has run.
double cbench_thread_time(void);

/// A UDP socket on 127.0.0.1 whose port takes everything and keeps nothing; -1 and errno on failure.
int cbench_sink(uint16_t *port);

/// Nanoseconds of copying `length` bytes by memcpy.
double cbench_copy(int length, int rounds);
/// Nanoseconds of finding every `delimiter` in a text and copying what lies between.
double cbench_copy_pieces(const uint8_t *text, size_t length, uint8_t delimiter, int rounds);

/// Nanoseconds for each datagram of sending, `rounds` times, `runs` (at most 32) runs of `segments` datagrams of `length` bytes in
/// one sendmmsg; -1 on failure.
double cbench_raw_send(uint16_t port, int runs, int segments, int length, int rounds);

/// What the least relay would do with frames of `packets` (at most 16) packets: for each of `consumers`, copy the header, encrypt
/// by a context of its own (AES-128-GCM), and send them as one run, 32 runs in one sendmmsg. Nanoseconds for each datagram; -1 on
/// failure.
double cbench_raw_fan_out(uint16_t port, int consumers, int packets, int header, int payload, int frames);

/// Nanoseconds that pass while one thread wakes another by an eventfd and is woken by another one; -1 on failure.
double cbench_raw_round_trip(int rounds);

#endif

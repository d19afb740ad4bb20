// The machine's bound for forwarding: what a relay cannot avoid doing, and nothing else.
//
// Receives one publisher's SRTP (AEAD_AES_128_GCM), decrypts it, and sends it, under another SSRC and key, to every
// consumer: one encryption pass by an EVP context keyed once, runs of up to 16 packets as one UDP_SEGMENT message,
// up to 32 messages in one sendmmsg, flushed at the frame's marker. No rooms, no statistics, no retransmission, no checks
// but the tag. One thread.
//
// Standard input: `in KEYSALT`, then `out PORT KEYSALT` for each consumer (master key and salt, 28 bytes in hex), then `go`.
// Prints `ready PORT`; ends when standard input is closed.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

enum { MAX_CONSUMERS = 512, RUN = 16, BATCH = 32, SLOTS = 64, SLOT = 2048, MAX_PADDING = 3 };

typedef struct {
    EVP_CIPHER_CTX *context;
    uint8_t salt[12];
} cipher;

typedef struct {
    cipher cipher;
    struct sockaddr_in address;
    uint32_t ssrc;
    uint64_t index;
} consumer;

typedef struct {
    uint8_t *data;
    int header;
    int payload;
} packet;

typedef struct {
    int first, count, segment;
} run;

static consumer consumers[MAX_CONSUMERS];
static int consumer_count;
static cipher input;
static uint8_t slots[SLOTS][SLOT];
static uint8_t arena[BATCH][RUN * SLOT];
static packet pending[RUN];
static int pending_count;
static int fd;

static void die(const char *what) {
    fprintf(stderr, "forwarding-bound: %s: %s\n", what, strerror(errno));
    exit(1);
}

/// RFC 3711, section 4.3, as RFC 7714 uses it: label 0 is the key, 2 the salt.
static void derive(const uint8_t master[28], int label, uint8_t *out, int length) {
    uint8_t iv[16] = {0}, zeros[16] = {0};
    int written;
    memcpy(iv, master + 16, 12);
    iv[7] ^= (uint8_t)label;
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    if (!context || EVP_EncryptInit_ex2(context, EVP_aes_128_ctr(), master, iv, NULL) != 1 ||
        EVP_EncryptUpdate(context, out, &written, zeros, length) != 1)
        die("key derivation");
    EVP_CIPHER_CTX_free(context);
}

static void key(cipher *out, const char *hex, int encrypt) {
    uint8_t master[28], session[16];
    for (int i = 0; i < 28; i++) {
        unsigned byte;
        if (sscanf(hex + 2 * i, "%2x", &byte) != 1) die("a key of 56 hexadecimal digits was expected");
        master[i] = (uint8_t)byte;
    }
    derive(master, 0, session, 16);
    derive(master, 2, out->salt, 12);
    out->context = EVP_CIPHER_CTX_new();
    if (!out->context || EVP_CipherInit_ex2(out->context, EVP_aes_128_gcm(), session, NULL, encrypt, NULL) != 1) die("AES-GCM");
}

static inline uint64_t load64(const uint8_t *at) {
    uint64_t value;
    memcpy(&value, at, 8);
    return be64toh(value);
}

static inline void vector(uint8_t iv[12], const uint8_t salt[12], uint32_t ssrc, uint64_t index) {
    uint64_t low = htobe64(load64(salt + 4) ^ ((uint64_t)(ssrc & 0xffff) << 48 | index));
    iv[0] = salt[0];
    iv[1] = salt[1];
    iv[2] = salt[2] ^ (uint8_t)(ssrc >> 24);
    iv[3] = salt[3] ^ (uint8_t)(ssrc >> 16);
    memcpy(iv + 4, &low, 8);
}

/// Decrypts in place; 0 where the packet is not sound.
static int open_packet(uint8_t *data, int length, packet *out) {
    static uint64_t newest;
    int header = 12 + 4 * (data[0] & 15), written, total;
    if (length < header + 20 || data[0] >> 6 != 2) return 0;
    if (data[0] & 0x10) header += 4 + 4 * (data[header + 2] << 8 | data[header + 3]);
    if (length < header + 16) return 0;
    uint16_t sequence = (uint16_t)(data[2] << 8 | data[3]);
    uint64_t index = newest + (uint64_t)(int64_t)(int16_t)(sequence - (uint16_t)newest);
    uint32_t ssrc;
    memcpy(&ssrc, data + 8, 4);
    uint8_t iv[12];
    vector(iv, input.salt, ntohl(ssrc), index);
    OSSL_PARAM tag[] = {OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, data + length - 16, 16),
                        OSSL_PARAM_construct_end()};
    if (EVP_DecryptInit_ex2(input.context, NULL, NULL, iv, NULL) != 1 || EVP_CIPHER_CTX_set_params(input.context, tag) != 1 ||
        EVP_DecryptUpdate(input.context, NULL, &written, data, header) != 1 ||
        EVP_DecryptUpdate(input.context, data + header, &total, data + header, length - header - 16) != 1 ||
        EVP_DecryptFinal_ex(input.context, data + header + total, &written) != 1)
        return 0;
    if (index > newest) newest = index;
    *out = (packet){.data = data, .header = header, .payload = total};
    return 1;
}

/// Writes one consumer's copy of a packet; returns its length.
static int seal_packet(consumer *to, const packet *from, int padding, uint8_t *out) {
    static const uint8_t pads[MAX_PADDING][MAX_PADDING] = {{1}, {0, 2}, {0, 0, 3}};
    int written, total;
    uint64_t index = to->index++;
    uint32_t ssrc = htonl(to->ssrc);
    uint16_t sequence = htons((uint16_t)index);
    uint8_t iv[12];
    memcpy(out, from->data, (size_t)from->header);
    memcpy(out + 2, &sequence, 2);
    memcpy(out + 8, &ssrc, 4);
    if (padding) out[0] |= 0x20;
    vector(iv, to->cipher.salt, to->ssrc, index);
    EVP_CIPHER_CTX *context = to->cipher.context;
    uint8_t *body = out + from->header;
    EVP_EncryptInit_ex2(context, NULL, NULL, iv, NULL);
    EVP_EncryptUpdate(context, NULL, &written, out, from->header);
    EVP_EncryptUpdate(context, body, &total, from->data + from->header, from->payload);
    if (padding) {
        EVP_EncryptUpdate(context, body + total, &written, pads[padding - 1], padding);
        total += written;
    }
    EVP_EncryptFinal_ex(context, body + total, &written);
    OSSL_PARAM tag[] = {OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, body + total, 16),
                        OSSL_PARAM_construct_end()};
    EVP_CIPHER_CTX_get_params(context, tag);
    return from->header + total + 16;
}

/// Cuts the pending packets into runs that one UDP_SEGMENT message carries: near-equal ones, and a shorter one last.
static int plan(run runs[RUN]) {
    int count = 0;
    for (int i = 0; i < pending_count;) {
        int smallest = pending[i].header + pending[i].payload, largest = smallest, end = i + 1;
        for (; end < pending_count; end++) {
            int size = pending[end].header + pending[end].payload;
            int low = size < smallest ? size : smallest, high = size > largest ? size : largest;
            if (high - low > MAX_PADDING) {
                if (size < largest) end++;  // the shorter one that may end a run
                break;
            }
            smallest = low;
            largest = high;
        }
        runs[count++] = (run){.first = i, .count = end - i, .segment = largest + 16};
        i = end;
    }
    return count;
}

static void send_all(struct mmsghdr *messages, int count) {
    for (int done = 0; done < count;) {
        int sent = sendmmsg(fd, messages + done, (unsigned)(count - done), 0);
        if (sent < 0 && errno != EINTR) die("sendmmsg");
        if (sent > 0) done += sent;
    }
}

static void flush(void) {
    static struct mmsghdr messages[BATCH];
    static struct iovec parts[BATCH];
    static union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(uint16_t))];
    } controls[BATCH];
    run runs[RUN];
    int run_count = plan(runs), used = 0;
    for (int c = 0; c < consumer_count; c++) {
        for (int r = 0; r < run_count; r++) {
            uint8_t *out = arena[used];
            int length = 0;
            for (int i = 0; i < runs[r].count; i++) {
                const packet *from = &pending[runs[r].first + i];
                int missing = runs[r].segment - 16 - from->header - from->payload;
                int padding = missing <= MAX_PADDING && i + 1 < runs[r].count ? missing : 0;
                length += seal_packet(&consumers[c], from, padding, out + length);
            }
            parts[used] = (struct iovec){.iov_base = out, .iov_len = (size_t)length};
            messages[used].msg_hdr = (struct msghdr){.msg_name = &consumers[c].address,
                                                     .msg_namelen = sizeof consumers[c].address,
                                                     .msg_iov = &parts[used],
                                                     .msg_iovlen = 1};
            if (runs[r].count > 1) {
                uint16_t segment = (uint16_t)runs[r].segment;
                messages[used].msg_hdr.msg_control = &controls[used];
                messages[used].msg_hdr.msg_controllen = sizeof controls[used];
                controls[used].header.cmsg_level = SOL_UDP;
                controls[used].header.cmsg_type = UDP_SEGMENT;
                controls[used].header.cmsg_len = CMSG_LEN(sizeof segment);
                memcpy(CMSG_DATA(&controls[used].header), &segment, sizeof segment);
            }
            if (++used == BATCH) {
                send_all(messages, used);
                used = 0;
            }
        }
    }
    if (used) send_all(messages, used);
    pending_count = 0;
}

static void *watch_input(void *unused) {
    char byte;
    (void)unused;
    while (read(0, &byte, 1) > 0) {
    }
    _exit(0);
}

static void read_configuration(void) {
    char line[256], hex[128];
    int port;
    while (fgets(line, sizeof line, stdin)) {
        if (sscanf(line, "in %100s", hex) == 1) {
            key(&input, hex, 0);
        } else if (sscanf(line, "out %d %100s", &port, hex) == 2 && consumer_count < MAX_CONSUMERS) {
            consumer *next = &consumers[consumer_count++];
            key(&next->cipher, hex, 1);
            next->address = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
            next->address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
            next->ssrc = 0x5000u + (uint32_t)consumer_count;
        } else if (strncmp(line, "go", 2) == 0) {
            return;
        }
    }
    exit(1);
}

int main(void) {
    read_configuration();
    struct sockaddr_in local = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t local_length = sizeof local;
    int large = 4 << 20;
    fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &large, sizeof large);
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &large, sizeof large);
    if (fd < 0 || bind(fd, (struct sockaddr *)&local, sizeof local) || getsockname(fd, (struct sockaddr *)&local, &local_length))
        die("socket");
    printf("ready %d\n", ntohs(local.sin_port));
    fflush(stdout);
    pthread_t watcher;
    pthread_create(&watcher, NULL, watch_input, NULL);

    struct mmsghdr messages[BATCH];
    struct iovec parts[BATCH];
    int next = 0;
    for (;;) {
        if (pending_count) {
            // Part of a frame: the rest within a millisecond, or without it.
            struct pollfd wait = {.fd = fd, .events = POLLIN};
            if (poll(&wait, 1, 1) == 0) flush();
        }
        for (int i = 0; i < BATCH; i++) {
            parts[i] = (struct iovec){.iov_base = slots[(next + i) % SLOTS], .iov_len = SLOT};
            messages[i].msg_hdr = (struct msghdr){.msg_iov = &parts[i], .msg_iovlen = 1};
        }
        int received = recvmmsg(fd, messages, BATCH, MSG_WAITFORONE, NULL);
        for (int i = 0; i < received; i++) {
            uint8_t *data = slots[(next + i) % SLOTS];
            if (!open_packet(data, (int)messages[i].msg_len, &pending[pending_count])) continue;
            if (++pending_count == RUN || data[1] & 0x80) flush();
        }
        if (received > 0) next = (next + received) % SLOTS;
    }
}

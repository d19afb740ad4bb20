// The least work that something can be done with, in loops: memcpy, bare sendmmsg, bare eventfd.
#define _GNU_SOURCE
#include "cbench.h"
#include <arpa/inet.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

enum { BATCH = 32, RUN = 16, SLOT = 2048 };

void cbench_give_way(void) { setpriority(PRIO_PROCESS, (id_t)gettid(), 10); }

double cbench_thread_time(void) {
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

int cbench_sink(uint16_t *port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    struct sock_filter refuse = {BPF_RET | BPF_K, 0, 0, 0};
    struct sock_fprog program = {.len = 1, .filter = &refuse};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) ||
        bind(fd, (struct sockaddr *)&address, length) || getsockname(fd, (struct sockaddr *)&address, &length)) {
        close(fd);
        return -1;
    }
    *port = ntohs(address.sin_port);
    return fd;
}

/// Makes the compiler believe that the memory is read.
static inline void use(const void *memory) { __asm__ volatile("" : : "r"(memory) : "memory"); }

double cbench_copy(int length, int rounds) {
    static uint8_t from[SLOT], to[SLOT];
    if (length < 0 || length > SLOT || rounds < 1) return -1;
    double start = cbench_thread_time();
    for (int i = 0; i < rounds; i++) {
        from[0] = (uint8_t)i;
        memcpy(to, from, (size_t)length);
        use(to);
    }
    return (cbench_thread_time() - start) / rounds;
}

double cbench_copy_pieces(const uint8_t *text, size_t length, uint8_t delimiter, int rounds) {
    uint8_t *to = malloc(length ? length : 1);
    if (!to || rounds < 1) {
        free(to);
        return -1;
    }
    double start = cbench_thread_time();
    for (int i = 0; i < rounds; i++) {
        size_t used = 0;
        for (const uint8_t *at = text, *end = text + length; at < end;) {
            const uint8_t *next = memchr(at, delimiter, (size_t)(end - at));
            size_t piece = (size_t)((next ? next : end) - at);
            memcpy(to + used, at, piece);
            used += piece;
            at += piece + 1;
        }
        use(to);
    }
    double spent = cbench_thread_time() - start;
    free(to);
    return spent / rounds;
}

typedef struct {
    struct mmsghdr messages[BATCH];
    struct iovec parts[BATCH];
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(uint16_t))];
    } controls[BATCH];
    struct sockaddr_in to;
    int fd;
    int used;
} sender;

static int begin(sender *sender, uint16_t port) {
    memset(sender, 0, sizeof *sender);
    int large = 4 << 20;
    sender->to = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port)};
    sender->to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    sender->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (sender->fd >= 0) setsockopt(sender->fd, SOL_SOCKET, SO_SNDBUF, &large, sizeof large);
    return sender->fd >= 0;
}

static int flush(sender *sender) {
    for (int done = 0; done < sender->used;) {
        int sent = sendmmsg(sender->fd, sender->messages + done, (unsigned)(sender->used - done), MSG_DONTWAIT);
        if (sent <= 0) return 0;
        done += sent;
    }
    sender->used = 0;
    return 1;
}

static void add(sender *sender, void *data, size_t length, size_t segment) {
    int i = sender->used++;
    struct msghdr *message = &sender->messages[i].msg_hdr;
    sender->parts[i] = (struct iovec){.iov_base = data, .iov_len = length};
    *message = (struct msghdr){
        .msg_name = &sender->to, .msg_namelen = sizeof sender->to, .msg_iov = &sender->parts[i], .msg_iovlen = 1};
    if (length <= segment) return;
    uint16_t step = (uint16_t)segment;
    message->msg_control = &sender->controls[i];
    message->msg_controllen = sizeof sender->controls[i];
    sender->controls[i].header.cmsg_level = SOL_UDP;
    sender->controls[i].header.cmsg_type = UDP_SEGMENT;
    sender->controls[i].header.cmsg_len = CMSG_LEN(sizeof step);
    memcpy(CMSG_DATA(&sender->controls[i].header), &step, sizeof step);
}

double cbench_raw_send(uint16_t port, int runs, int segments, int length, int rounds) {
    static uint8_t data[BATCH][RUN * SLOT];
    static sender to;
    if (runs < 1 || runs > BATCH || segments < 1 || segments > RUN || length < 1 || length > SLOT || rounds < 1 || !begin(&to, port))
        return -1;
    int good = 1;
    double start = cbench_thread_time();
    for (int round = 0; round < rounds && good; round++) {
        for (int i = 0; i < runs; i++) add(&to, data[i], (size_t)(segments * length), (size_t)length);
        good = flush(&to);
    }
    double spent = cbench_thread_time() - start;
    close(to.fd);
    return good ? spent / rounds / runs / segments : -1;
}

static int seal(EVP_CIPHER_CTX *context, uint64_t index, const uint8_t *from, int header, int payload, uint8_t *out) {
    uint8_t iv[12] = {2};
    int written, good = 1;
    memcpy(iv + 4, &index, sizeof index);
    memcpy(out, from, (size_t)header);
    memcpy(out + 2, &index, 2);
    uint8_t *body = out + header;
    OSSL_PARAM tag[] = {OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, body + payload, 16),
                        OSSL_PARAM_construct_end()};
    good &= EVP_EncryptInit_ex2(context, NULL, NULL, iv, NULL);
    good &= EVP_EncryptUpdate(context, NULL, &written, out, header);
    good &= EVP_EncryptUpdate(context, body, &written, from + header, payload);
    good &= EVP_EncryptFinal_ex(context, body + payload, &written);
    good &= EVP_CIPHER_CTX_get_params(context, tag);
    return good == 1 ? header + payload + 16 : -1;
}

double cbench_raw_fan_out(uint16_t port, int consumers, int packets, int header, int payload, int frames) {
    static uint8_t from[RUN][SLOT], arena[BATCH][RUN * SLOT];
    static sender to;
    if (consumers < 1 || packets < 1 || packets > RUN || header < 12 || payload < 1 || header + payload + 16 > SLOT || frames < 1 ||
        !begin(&to, port))
        return -1;
    EVP_CIPHER_CTX **contexts = calloc((size_t)consumers, sizeof *contexts);
    int good = contexts != NULL;
    for (int i = 0; i < consumers && good; i++) {
        uint8_t key[16] = {(uint8_t)i, 1};
        contexts[i] = EVP_CIPHER_CTX_new();
        good = contexts[i] && EVP_EncryptInit_ex2(contexts[i], EVP_aes_128_gcm(), key, NULL, NULL) == 1;
    }
    double start = cbench_thread_time();
    for (int frame = 0; frame < frames && good; frame++) {
        for (int i = 0; i < packets; i++) from[i][4] = (uint8_t)frame;
        for (int c = 0; c < consumers && good; c++) {
            int used = 0, length = 0;
            for (int i = 0; i < packets && length >= 0; i++) {
                length = seal(contexts[c], (uint64_t)frame * RUN + (uint64_t)i, from[i], header, payload, arena[to.used] + used);
                used += length;
            }
            good = length > 0;
            if (good) add(&to, arena[to.used], (size_t)used, (size_t)length);
            if (good && to.used == BATCH) good = flush(&to);
        }
        if (good && to.used) good = flush(&to);
    }
    double spent = cbench_thread_time() - start;
    for (int i = 0; contexts && i < consumers; i++) EVP_CIPHER_CTX_free(contexts[i]);
    free(contexts);
    close(to.fd);
    return good ? spent / frames / consumers / packets : -1;
}

typedef struct {
    int in, out, rounds;
} echo;

static void *answer(void *context) {
    echo *echo = context;
    uint64_t value;
    for (int i = 0; i < echo->rounds; i++) {
        if (read(echo->in, &value, sizeof value) != sizeof value) return NULL;
        value = 1;
        if (write(echo->out, &value, sizeof value) != sizeof value) return NULL;
    }
    return context;
}

double cbench_raw_round_trip(int rounds) {
    echo echo = {.in = eventfd(0, EFD_CLOEXEC), .out = eventfd(0, EFD_CLOEXEC), .rounds = rounds};
    pthread_t thread;
    struct timespec start, end;
    void *result = NULL;
    if (rounds < 1 || echo.in < 0 || echo.out < 0 || pthread_create(&thread, NULL, answer, &echo)) return -1;
    clock_gettime(CLOCK_MONOTONIC, &start);
    for (int i = 0; i < rounds; i++) {
        uint64_t value = 1;
        if (write(echo.in, &value, sizeof value) != sizeof value || read(echo.out, &value, sizeof value) != sizeof value) break;
    }
    clock_gettime(CLOCK_MONOTONIC, &end);
    pthread_join(thread, &result);
    close(echo.in);
    close(echo.out);
    if (!result) return -1;
    return ((double)(end.tv_sec - start.tv_sec) * 1e9 + (double)(end.tv_nsec - start.tv_nsec)) / rounds;
}

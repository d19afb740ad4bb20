#ifndef SWITCHYARD_MALLOC_COUNTER_H
#define SWITCHYARD_MALLOC_COUNTER_H

// Preloaded into the server, this library counts the allocations and the system calls of each thread in a file that the benchmark maps:
// MALLOC_COUNTER_FILE names it, made beforehand with the size of the table.

#include <stdint.h>

typedef struct {
    /// Thread id; 0 for a row that is not in use.
    uint64_t thread;
    uint64_t allocations;
    /// By malloc_counter_call.
    uint64_t calls[8];
} malloc_counter_row;

/// The system calls that a server's loop makes, as its libraries reach them: by the C library's functions.
enum malloc_counter_call {
    MALLOC_COUNTER_SEND,     // sendmmsg
    MALLOC_COUNTER_RECEIVE,  // recvmmsg
    MALLOC_COUNTER_SINGLE,   // sendto, sendmsg, recvfrom, recvmsg
    MALLOC_COUNTER_WAIT,     // epoll_wait, epoll_pwait, epoll_ctl
    MALLOC_COUNTER_TIMER,    // timerfd_settime
    MALLOC_COUNTER_READ,
    MALLOC_COUNTER_WRITE,
};

enum { MALLOC_COUNTER_ROWS = 256 };

#endif

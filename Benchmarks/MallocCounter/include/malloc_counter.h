#ifndef SWITCHYARD_MALLOC_COUNTER_H
#define SWITCHYARD_MALLOC_COUNTER_H

// Preloaded into the server, this library counts the allocations of each thread in a file that the benchmark maps:
// MALLOC_COUNTER_FILE names it, made beforehand with the size of the table.

#include <stdint.h>

typedef struct {
    /// Thread id; 0 for a row that is not in use.
    uint64_t thread;
    uint64_t allocations;
} malloc_counter_row;

enum { MALLOC_COUNTER_ROWS = 256 };

#endif

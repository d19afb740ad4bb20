#ifndef SWITCHYARD_CPAGE_H
#define SWITCHYARD_CPAGE_H

// The pages' files (Sources/Switchyard/Page) inside the binary, so that they work from anywhere.

#include <stddef.h>

/// One file; everything it points to lives as long as the process.
typedef struct {
    /// Its path on the server without the leading slash: `app.js`.
    const char *name;
    const unsigned char *bytes;
    size_t count;
} cpage_file;

/// How many files there are.
size_t cpage_count(void);

/// The file of that number, from 0 to `cpage_count() - 1`.
const cpage_file *cpage_at(size_t index);

#endif

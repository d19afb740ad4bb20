#ifndef SWITCHYARD_CNET_H
#define SWITCHYARD_CNET_H

// What Glibc's Swift module lacks: _GNU_SOURCE functions and the cmsg macros.

/// A non-blocking, close-on-exec eventfd; -1 and errno on failure.
int cnet_eventfd(void);

/// Names the calling thread (at most 15 bytes are kept).
void cnet_name_thread(const char *name);

#endif

#define _GNU_SOURCE
#include "cnet.h"
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>

int cnet_eventfd(void) { return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC); }

void cnet_name_thread(const char *name) {
    char kept[16];
    strncpy(kept, name, sizeof kept - 1);
    kept[sizeof kept - 1] = 0;
    pthread_setname_np(pthread_self(), kept);
}

#include <uv.h>

// libdispatch's door for foreign run loops (the one CoreFoundation uses): the main queue's wake-up eventfd, and the
// function that runs what is queued. Both are exported by libdispatch, and declared in none of its public headers.
int _dispatch_get_main_queue_handle_4CF(void);
void _dispatch_main_queue_callback_4CF(void *ignored);

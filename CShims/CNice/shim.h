// Only libnice's STUN library, which needs no GLib: messages, authentication, ICE connectivity checks.
#include <stun/stunagent.h>
#include <stun/stunmessage.h>
#include <stun/usages/ice.h>
#include <stun/usages/bind.h>

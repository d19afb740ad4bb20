#ifndef SWITCHYARD_CCIPHER_LIBRARY_H
#define SWITCHYARD_CCIPHER_LIBRARY_H

#include "ccipher.h"

// What a library's file fills in. Lengths and pointers were checked before any of it is called.

struct ccipher_gcm_methods {
    int (*seal)(ccipher_gcm *, const uint8_t *iv, const void *aad, int aad_length, const copenssl_part *, int count,
                uint8_t *out);
    int (*open)(ccipher_gcm *, const uint8_t *iv, const void *aad, int aad_length, const void *aad2, int aad2_length,
                uint8_t *data, int length);
    void (*free)(ccipher_gcm *);
};

/// A context of any library has this as a member.
struct ccipher_gcm {
    const struct ccipher_gcm_methods *methods;
};

struct ccipher_ctr_methods {
    int (*apply)(ccipher_ctr *, const uint8_t *iv, const copenssl_part *, int count, uint8_t *out);
    void (*free)(ccipher_ctr *);
};

struct ccipher_ctr {
    const struct ccipher_ctr_methods *methods;
};

struct ccipher_library_methods {
    int (*load)(const char **description);
    ccipher_gcm *(*gcm)(const uint8_t *key, int key_length, int encrypt);
    /// NULL where the library has only GCM.
    ccipher_ctr *(*ctr)(const uint8_t *key, int key_length);
};

extern const struct ccipher_library_methods ccipher_evp, ccipher_provider, ccipher_ipsec_mb;

#endif

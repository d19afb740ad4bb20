#include "library.h"
#include <stddef.h>

// The largest that a datagram can bring, with room to spare.
enum { LARGEST = 1 << 17, MOST_PARTS = 64 };

static const struct ccipher_library_methods *methods(ccipher_library library) {
    switch (library) {
    case CCIPHER_EVP: return &ccipher_evp;
    case CCIPHER_PROVIDER: return &ccipher_provider;
    case CCIPHER_IPSEC_MB: return &ccipher_ipsec_mb;
    }
    return NULL;
}

int ccipher_load(ccipher_library library, const char **description) {
    const struct ccipher_library_methods *found = methods(library);
    *description = "unknown";
    return found ? found->load(description) : 0;
}

static int is_span(const void *data, int length) { return length >= 0 && length <= LARGEST && (data || !length); }

static int are_parts(const copenssl_part *parts, int count) {
    if (count < 0 || count > MOST_PARTS) return 0;
    for (int i = 0; i < count; i++)
        if (!is_span(parts[i].data, parts[i].length)) return 0;
    return 1;
}

static int can_key(ccipher_library library, const uint8_t *key, int key_length) {
    const char *description;
    return key && (key_length == 16 || key_length == 32) && ccipher_load(library, &description);
}

ccipher_gcm *ccipher_gcm_new(ccipher_library library, const uint8_t *key, int key_length, int encrypt) {
    return can_key(library, key, key_length) ? methods(library)->gcm(key, key_length, encrypt) : NULL;
}

void ccipher_gcm_free(ccipher_gcm *context) {
    if (context) context->methods->free(context);
}

int ccipher_gcm_seal(ccipher_gcm *context, const uint8_t iv[12], const void *aad, int aad_length,
                     const copenssl_part *parts, int part_count, uint8_t *out) {
    if (!is_span(aad, aad_length) || !are_parts(parts, part_count)) return -1;
    return context->methods->seal(context, iv, aad, aad_length, parts, part_count, out);
}

int ccipher_gcm_open(ccipher_gcm *context, const uint8_t iv[12], const void *aad, int aad_length, const void *aad2,
                     int aad2_length, uint8_t *data, int length) {
    if (!is_span(aad, aad_length) || !is_span(aad2, aad2_length) || !is_span(data, length) || length < 16) return -1;
    if (aad2_length && (aad_length > 16 || aad2_length > 16)) return -1;
    return context->methods->open(context, iv, aad, aad_length, aad2, aad2_length, data, length);
}

ccipher_ctr *ccipher_ctr_new(ccipher_library library, const uint8_t *key, int key_length) {
    if (!can_key(library, key, key_length) || !methods(library)->ctr) return NULL;
    return methods(library)->ctr(key, key_length);
}

void ccipher_ctr_free(ccipher_ctr *context) {
    if (context) context->methods->free(context);
}

int ccipher_ctr_apply(ccipher_ctr *context, const uint8_t iv[16], const copenssl_part *parts, int part_count,
                      uint8_t *out) {
    if (!are_parts(parts, part_count)) return -1;
    return context->methods->apply(context, iv, parts, part_count, out);
}

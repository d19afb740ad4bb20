#include "library.h"
#include <stddef.h>
#include <stdlib.h>

struct evp_gcm {
    ccipher_gcm head;
    EVP_CIPHER_CTX *evp;
};

struct evp_ctr {
    ccipher_ctr head;
    EVP_CIPHER_CTX *evp;
};

static int load(const char **description) {
    *description = OpenSSL_version(OPENSSL_VERSION_STRING);
    return 1;
}

static int gcm_seal(ccipher_gcm *context, const uint8_t *iv, const void *aad, int aad_length, const copenssl_part *parts,
                    int part_count, uint8_t *out) {
    return copenssl_gcm_seal(((struct evp_gcm *)context)->evp, iv, aad, aad_length, parts, part_count, out);
}

static int gcm_open(ccipher_gcm *context, const uint8_t *iv, const void *aad, int aad_length, const void *aad2,
                    int aad2_length, uint8_t *data, int length) {
    return copenssl_gcm_open(((struct evp_gcm *)context)->evp, iv, aad, aad_length, aad2, aad2_length, data, length);
}

static void gcm_free(ccipher_gcm *context) {
    EVP_CIPHER_CTX_free(((struct evp_gcm *)context)->evp);
    free(context);
}

static ccipher_gcm *gcm_new(const uint8_t *key, int key_length, int encrypt) {
    static const struct ccipher_gcm_methods methods = {gcm_seal, gcm_open, gcm_free};
    struct evp_gcm *made = malloc(sizeof *made);
    EVP_CIPHER_CTX *evp = made ? copenssl_gcm_new(key, key_length, encrypt) : NULL;
    if (!evp) {
        free(made);
        return NULL;
    }
    *made = (struct evp_gcm){{&methods}, evp};
    return &made->head;
}

static int ctr_apply(ccipher_ctr *context, const uint8_t *iv, const copenssl_part *parts, int part_count, uint8_t *out) {
    return copenssl_ctr_apply(((struct evp_ctr *)context)->evp, iv, parts, part_count, out);
}

static void ctr_free(ccipher_ctr *context) {
    EVP_CIPHER_CTX_free(((struct evp_ctr *)context)->evp);
    free(context);
}

static ccipher_ctr *ctr_new(const uint8_t *key, int key_length) {
    static const struct ccipher_ctr_methods methods = {ctr_apply, ctr_free};
    struct evp_ctr *made = malloc(sizeof *made);
    EVP_CIPHER_CTX *evp = made ? copenssl_ctr_new(key, key_length) : NULL;
    if (!evp) {
        free(made);
        return NULL;
    }
    *made = (struct evp_ctr){{&methods}, evp};
    return &made->head;
}

const struct ccipher_library_methods ccipher_evp = {load, gcm_new, ctr_new};

// The functions are those of provider-cipher(7), found with OSSL_PROVIDER_query_operation; which provider is OpenSSL's
// own choice (EVP_CIPHER_fetch), so the system's configuration holds.
#include "library.h"
#include <openssl/core_dispatch.h>
#include <openssl/provider.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct cipher {
    void *provider;
    OSSL_FUNC_cipher_newctx_fn *new;
    OSSL_FUNC_cipher_freectx_fn *free;
    OSSL_FUNC_cipher_encrypt_init_fn *encrypt;
    OSSL_FUNC_cipher_decrypt_init_fn *decrypt;
    OSSL_FUNC_cipher_update_fn *update;
    OSSL_FUNC_cipher_final_fn *final;
    OSSL_FUNC_cipher_get_ctx_params_fn *get;
    OSSL_FUNC_cipher_set_ctx_params_fn *set;
};

static struct cipher gcm128, gcm256, ctr128, ctr256;
static int is_loaded;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static int take(struct cipher *cipher, const OSSL_DISPATCH *functions) {
    for (; functions->function_id; functions++) {
        switch (functions->function_id) {
        case OSSL_FUNC_CIPHER_NEWCTX: cipher->new = OSSL_FUNC_cipher_newctx(functions); break;
        case OSSL_FUNC_CIPHER_FREECTX: cipher->free = OSSL_FUNC_cipher_freectx(functions); break;
        case OSSL_FUNC_CIPHER_ENCRYPT_INIT: cipher->encrypt = OSSL_FUNC_cipher_encrypt_init(functions); break;
        case OSSL_FUNC_CIPHER_DECRYPT_INIT: cipher->decrypt = OSSL_FUNC_cipher_decrypt_init(functions); break;
        case OSSL_FUNC_CIPHER_UPDATE: cipher->update = OSSL_FUNC_cipher_update(functions); break;
        case OSSL_FUNC_CIPHER_FINAL: cipher->final = OSSL_FUNC_cipher_final(functions); break;
        case OSSL_FUNC_CIPHER_GET_CTX_PARAMS: cipher->get = OSSL_FUNC_cipher_get_ctx_params(functions); break;
        case OSSL_FUNC_CIPHER_SET_CTX_PARAMS: cipher->set = OSSL_FUNC_cipher_set_ctx_params(functions); break;
        default: break;
        }
    }
    return cipher->new && cipher->free && cipher->encrypt && cipher->decrypt && cipher->update && cipher->final &&
           cipher->get && cipher->set;
}

// Keeps the fetched cipher, and with it the provider, for the process's life.
static int find(struct cipher *cipher, const char *name) {
    EVP_CIPHER *fetched = EVP_CIPHER_fetch(NULL, name, NULL);
    if (!fetched) return 0;
    const OSSL_PROVIDER *provider = EVP_CIPHER_get0_provider(fetched);
    int must_not_be_kept = 1;
    const OSSL_ALGORITHM *all =
        provider ? OSSL_PROVIDER_query_operation(provider, OSSL_OP_CIPHER, &must_not_be_kept) : NULL;
    for (; all && !must_not_be_kept && all->algorithm_names; all++) {
        char first[64];
        size_t length = strcspn(all->algorithm_names, ":");
        if (length >= sizeof first) continue;
        memcpy(first, all->algorithm_names, length);
        first[length] = 0;
        if (!EVP_CIPHER_is_a(fetched, first)) continue;
        cipher->provider = OSSL_PROVIDER_get0_provider_ctx(provider);
        if (take(cipher, all->implementation)) return 1;
    }
    EVP_CIPHER_free(fetched);
    return 0;
}

static void load_once(void) {
    is_loaded = find(&gcm128, "AES-128-GCM") && find(&gcm256, "AES-256-GCM") && find(&ctr128, "AES-128-CTR") &&
                find(&ctr256, "AES-256-CTR");
}

static int load(const char **description) {
    pthread_once(&once, load_once);
    *description = is_loaded ? OpenSSL_version(OPENSSL_VERSION_STRING) : "OpenSSL has no such functions";
    return is_loaded;
}

// MARK: GCM

struct gcm {
    ccipher_gcm head;
    const struct cipher *cipher;
    void *state;
};

static OSSL_PARAM tag_parameter(uint8_t *tag) {
    return (OSSL_PARAM){OSSL_CIPHER_PARAM_AEAD_TAG, OSSL_PARAM_OCTET_STRING, tag, 16, OSSL_PARAM_UNMODIFIED};
}

static int gcm_seal(ccipher_gcm *context, const uint8_t *iv, const void *aad, int aad_length, const copenssl_part *parts,
                    int part_count, uint8_t *out) {
    const struct gcm *gcm = (struct gcm *)context;
    const struct cipher *cipher = gcm->cipher;
    size_t total = 0, written = 0;
    if (!cipher->encrypt(gcm->state, NULL, 0, iv, 12, NULL)) return -1;
    if (aad_length && !cipher->update(gcm->state, NULL, &written, (size_t)aad_length, aad, (size_t)aad_length)) return -1;
    for (int i = 0; i < part_count; i++) {
        size_t length = (size_t)parts[i].length;
        if (!length) continue;
        if (!cipher->update(gcm->state, out + total, &written, length, parts[i].data, length) || written != length) return -1;
        total += length;
    }
    OSSL_PARAM tag[] = {tag_parameter(out + total), OSSL_PARAM_END};
    if (!cipher->final(gcm->state, out + total, &written, 16) || !cipher->get(gcm->state, tag)) return -1;
    return (int)total + 16;
}

static int gcm_open(ccipher_gcm *context, const uint8_t *iv, const void *aad, int aad_length, const void *aad2,
                    int aad2_length, uint8_t *data, int length) {
    const struct gcm *gcm = (struct gcm *)context;
    const struct cipher *cipher = gcm->cipher;
    size_t body = (size_t)length - 16, written = 0;
    OSSL_PARAM tag[] = {tag_parameter(data + body), OSSL_PARAM_END};
    if (!cipher->decrypt(gcm->state, NULL, 0, iv, 12, NULL) || !cipher->set(gcm->state, tag)) return -1;
    if (aad_length && !cipher->update(gcm->state, NULL, &written, (size_t)aad_length, aad, (size_t)aad_length)) return -1;
    if (aad2_length && !cipher->update(gcm->state, NULL, &written, (size_t)aad2_length, aad2, (size_t)aad2_length)) return -1;
    if (body && (!cipher->update(gcm->state, data, &written, body, data, body) || written != body)) return -1;
    return cipher->final(gcm->state, data + body, &written, 16) ? (int)body : -1;
}

static void gcm_free(ccipher_gcm *context) {
    struct gcm *gcm = (struct gcm *)context;
    gcm->cipher->free(gcm->state);
    free(gcm);
}

static ccipher_gcm *gcm_new(const uint8_t *key, int key_length, int encrypt) {
    static const struct ccipher_gcm_methods methods = {gcm_seal, gcm_open, gcm_free};
    const struct cipher *cipher = key_length == 32 ? &gcm256 : &gcm128;
    struct gcm *made = malloc(sizeof *made);
    void *state = made ? cipher->new(cipher->provider) : NULL;
    if (state && (encrypt ? cipher->encrypt : cipher->decrypt)(state, key, (size_t)key_length, NULL, 0, NULL)) {
        *made = (struct gcm){{&methods}, cipher, state};
        return &made->head;
    }
    if (state) cipher->free(state);
    free(made);
    return NULL;
}

// MARK: Counter mode

struct ctr {
    ccipher_ctr head;
    const struct cipher *cipher;
    void *state;
};

static int ctr_apply(ccipher_ctr *context, const uint8_t *iv, const copenssl_part *parts, int part_count, uint8_t *out) {
    const struct ctr *ctr = (struct ctr *)context;
    size_t total = 0, written = 0;
    if (!ctr->cipher->encrypt(ctr->state, NULL, 0, iv, 16, NULL)) return -1;
    for (int i = 0; i < part_count; i++) {
        size_t length = (size_t)parts[i].length;
        if (!length) continue;
        if (!ctr->cipher->update(ctr->state, out + total, &written, length, parts[i].data, length) || written != length)
            return -1;
        total += length;
    }
    return (int)total;
}

static void ctr_free(ccipher_ctr *context) {
    struct ctr *ctr = (struct ctr *)context;
    ctr->cipher->free(ctr->state);
    free(ctr);
}

static ccipher_ctr *ctr_new(const uint8_t *key, int key_length) {
    static const struct ccipher_ctr_methods methods = {ctr_apply, ctr_free};
    const struct cipher *cipher = key_length == 32 ? &ctr256 : &ctr128;
    struct ctr *made = malloc(sizeof *made);
    void *state = made ? cipher->new(cipher->provider) : NULL;
    if (state && cipher->encrypt(state, key, (size_t)key_length, NULL, 0, NULL)) {
        *made = (struct ctr){{&methods}, cipher, state};
        return &made->head;
    }
    if (state) cipher->free(state);
    free(made);
    return NULL;
}

const struct ccipher_library_methods ccipher_provider = {load, gcm_new, ctr_new};

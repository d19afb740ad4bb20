#define _GNU_SOURCE
#include "library.h"
#include <stddef.h>

#if __has_include(<intel-ipsec-mb.h>)

#include <dlfcn.h>
#include <intel-ipsec-mb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/// The library's single-buffer functions; they keep no state of their own, so every thread may call them.
struct functions {
    aes_gcm_pre_t expand;
    aes_gcm_enc_dec_t seal, open;
    aes_gcm_init_t begin;
    aes_gcm_enc_dec_update_t update;
    aes_gcm_enc_dec_finalize_t finish;
};

static struct functions key128, key256;
static int is_loaded;
static char description_text[128];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void refuse(const char *reason) { snprintf(description_text, sizeof description_text, "%s", reason); }

static void take(const IMB_MGR *manager) {
    key128 = (struct functions){manager->gcm128_pre,  manager->gcm128_enc,        manager->gcm128_dec,
                                manager->gcm128_init, manager->gcm128_enc_update, manager->gcm128_enc_finalize};
    key256 = (struct functions){manager->gcm256_pre,  manager->gcm256_enc,        manager->gcm256_dec,
                                manager->gcm256_init, manager->gcm256_enc_update, manager->gcm256_enc_finalize};
}

static void load_once(void) {
    void *library = dlopen("libIPSec_MB.so.1", RTLD_NOW | RTLD_LOCAL);
    if (!library) return refuse("libIPSec_MB.so.1 cannot be loaded (Debian package libipsec-mb1)");
    unsigned (*version)(void) = (unsigned (*)(void))dlsym(library, "imb_get_version");
    const char *(*version_text)(void) = (const char *(*)(void))dlsym(library, "imb_get_version_str");
    IMB_MGR *(*make)(uint64_t) = (IMB_MGR * (*)(uint64_t)) dlsym(library, "alloc_mb_mgr");
    void (*start)(IMB_MGR *, IMB_ARCH *) = (void (*)(IMB_MGR *, IMB_ARCH *))dlsym(library, "init_mb_mgr_auto");
    void (*end)(IMB_MGR *) = (void (*)(IMB_MGR *))dlsym(library, "free_mb_mgr");
    if (!version || !version_text || !make || !start || !end) return refuse("libIPSec_MB.so.1 lacks functions");
    // The manager's and the keys' layouts are the header's; they grow between minor versions.
    if (version() >> 8 != IMB_VERSION_NUM >> 8) {
        snprintf(description_text, sizeof description_text, "libipsec-mb %s is installed, this was built for %s",
                 version_text(), IMB_VERSION_STR);
        return;
    }
    IMB_MGR *manager = make(0);
    if (!manager) return refuse("libipsec-mb made no manager");
    IMB_ARCH architecture = IMB_ARCH_NONE;
    start(manager, &architecture);
    const uint64_t needed = IMB_FEATURE_AESNI | IMB_FEATURE_PCLMULQDQ, wide = IMB_FEATURE_VAES | IMB_FEATURE_VPCLMULQDQ;
    if (architecture < IMB_ARCH_SSE || (manager->features & needed) != needed) {
        refuse("this processor has no AES instructions");
    } else if ((manager->features & IMB_FEATURE_SELF_TEST) && !(manager->features & IMB_FEATURE_SELF_TEST_PASS)) {
        refuse("libipsec-mb failed its own test");
    } else {
        static const char *const names[] = {"", "", "SSE", "AVX", "AVX2", "AVX-512"};
        size_t known = sizeof names / sizeof *names;
        int is_wide = architecture == IMB_ARCH_AVX512 && (manager->features & wide) == wide;
        snprintf(description_text, sizeof description_text, "%s %s%s", version_text(),
                 (size_t)architecture < known ? names[architecture] : "", is_wide ? " VAES" : "");
        take(manager);
        is_loaded = key128.expand && key128.seal && key128.open && key128.begin && key128.update && key128.finish &&
                    key256.expand && key256.seal && key256.open && key256.begin && key256.update && key256.finish;
    }
    end(manager);
}

static int load(const char **description) {
    pthread_once(&once, load_once);
    *description = description_text;
    return is_loaded;
}

/// 1024 bytes: a whole size class of the allocator.
struct gcm {
    /// The library wants it aligned to 64.
    struct gcm_key_data key;
    ccipher_gcm head;
    const struct functions *call;
};

static struct gcm *whole(ccipher_gcm *head) { return (struct gcm *)((char *)head - offsetof(struct gcm, head)); }

static int gcm_seal(ccipher_gcm *context, const uint8_t *iv, const void *aad, int aad_length, const copenssl_part *parts,
                    int part_count, uint8_t *out) {
    const struct gcm *gcm = whole(context);
    struct gcm_context_data state;
    if (part_count == 1) {
        const int length = parts[0].length;
        gcm->call->seal(&gcm->key, &state, out, parts[0].data, (uint64_t)length, iv, aad, (uint64_t)aad_length,
                        out + length, 16);
        return length + 16;
    }
    int total = 0;
    gcm->call->begin(&gcm->key, &state, iv, aad, (uint64_t)aad_length);
    for (int i = 0; i < part_count; i++) {
        if (parts[i].length == 0) continue;
        gcm->call->update(&gcm->key, &state, out + total, parts[i].data, (uint64_t)parts[i].length);
        total += parts[i].length;
    }
    gcm->call->finish(&gcm->key, &state, out + total, 16);
    return total + 16;
}

static int gcm_open(ccipher_gcm *context, const uint8_t *iv, const void *aad, int aad_length, const void *aad2,
                    int aad2_length, uint8_t *data, int length) {
    const struct gcm *gcm = whole(context);
    struct gcm_context_data state;
    uint8_t joined[32], tag[16];
    const int body = length - 16;
    if (aad2_length) {
        memcpy(joined, aad, (size_t)aad_length);
        memcpy(joined + aad_length, aad2, (size_t)aad2_length);
        aad = joined;
        aad_length += aad2_length;
    }
    gcm->call->open(&gcm->key, &state, data, data, (uint64_t)body, iv, aad, (uint64_t)aad_length, tag, 16);
    return CRYPTO_memcmp(tag, data + body, 16) == 0 ? body : -1;
}

static void gcm_free(ccipher_gcm *context) {
    struct gcm *gcm = whole(context);
    OPENSSL_cleanse(gcm, sizeof *gcm);
    free(gcm);
}

static ccipher_gcm *gcm_new(const uint8_t *key, int key_length, int encrypt) {
    static const struct ccipher_gcm_methods methods = {gcm_seal, gcm_open, gcm_free};
    (void)encrypt;
    void *memory = NULL;
    if (posix_memalign(&memory, 64, sizeof(struct gcm)) != 0) return NULL;
    struct gcm *made = memory;
    memset(made, 0, sizeof *made);
    made->head.methods = &methods;
    made->call = key_length == 32 ? &key256 : &key128;
    made->call->expand(key, &made->key);
    return &made->head;
}

#else

static int load(const char **description) {
    *description = "this was built without intel-ipsec-mb.h (Debian package libipsec-mb-dev)";
    return 0;
}

static ccipher_gcm *gcm_new(const uint8_t *key, int key_length, int encrypt) {
    (void)key, (void)key_length, (void)encrypt;
    return NULL;
}

#endif

const struct ccipher_library_methods ccipher_ipsec_mb = {load, gcm_new, NULL};

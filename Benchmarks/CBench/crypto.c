// SRTP's work by OpenSSL's public calls alone: what the relay's own is held against.
#include "cbench.h"
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <string.h>

static double raw_gcm(int key_length, int length, int rounds) {
    uint8_t key[32] = {1}, iv[12] = {2}, header[12] = {0x80}, in[2048] = {3}, out[2048];
    int written, good = 1;
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    if (!context || EVP_EncryptInit_ex2(context, key_length == 32 ? EVP_aes_256_gcm() : EVP_aes_128_gcm(), key, NULL, NULL) != 1)
        return -1;
    double start = cbench_thread_time();
    for (int i = 0; i < rounds; i++) {
        memcpy(iv + 8, &i, sizeof i);
        OSSL_PARAM tag[] = {OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, out + length, 16),
                            OSSL_PARAM_construct_end()};
        good &= EVP_EncryptInit_ex2(context, NULL, NULL, iv, NULL);
        good &= EVP_EncryptUpdate(context, NULL, &written, header, sizeof header);
        good &= EVP_EncryptUpdate(context, out, &written, in, length);
        good &= EVP_EncryptFinal_ex(context, out + length, &written);
        good &= EVP_CIPHER_CTX_get_params(context, tag);
    }
    double spent = cbench_thread_time() - start;
    EVP_CIPHER_CTX_free(context);
    return good ? spent / rounds : -1;
}

static double raw_counter(int length, int rounds) {
    uint8_t key[20] = {1}, iv[16] = {2}, header[12] = {0x80}, rollover[4] = {0}, in[2048] = {3}, out[2048], tag[20];
    int written, good = 1;
    size_t tag_length;
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *mac = hmac ? EVP_MAC_CTX_new(hmac) : NULL;
    OSSL_PARAM digest[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)"SHA1", 0), OSSL_PARAM_construct_end()};
    if (!context || !mac || EVP_EncryptInit_ex2(context, EVP_aes_128_ctr(), key, NULL, NULL) != 1 ||
        EVP_MAC_init(mac, key, sizeof key, digest) != 1)
        return -1;
    double start = cbench_thread_time();
    for (int i = 0; i < rounds; i++) {
        memcpy(iv + 8, &i, sizeof i);
        good &= EVP_EncryptInit_ex2(context, NULL, NULL, iv, NULL);
        good &= EVP_EncryptUpdate(context, out, &written, in, length);
        good &= EVP_MAC_init(mac, NULL, 0, NULL);
        good &= EVP_MAC_update(mac, header, sizeof header);
        good &= EVP_MAC_update(mac, out, (size_t)length);
        good &= EVP_MAC_update(mac, rollover, sizeof rollover);
        good &= EVP_MAC_final(mac, tag, &tag_length, sizeof tag);
    }
    double spent = cbench_thread_time() - start;
    EVP_MAC_CTX_free(mac);
    EVP_MAC_free(hmac);
    EVP_CIPHER_CTX_free(context);
    return good ? spent / rounds : -1;
}

double cbench_raw_seal(int gcm, int key_length, int length, int rounds) {
    if (length < 0 || length > 1900 || rounds < 1) return -1;
    return gcm ? raw_gcm(key_length, length, rounds) : raw_counter(length, rounds);
}

enum { OPEN_BATCH = 64, OPEN_SLOT = 2048 };

static double raw_open_gcm(int key_length, int length, int rounds) {
    static uint8_t sealed[OPEN_BATCH][OPEN_SLOT];
    uint8_t key[32] = {1}, iv[12] = {2}, header[12] = {0x80}, in[OPEN_SLOT] = {3};
    int written, good = 1;
    double spent = 0;
    const EVP_CIPHER *kind = key_length == 32 ? EVP_aes_256_gcm() : EVP_aes_128_gcm();
    EVP_CIPHER_CTX *encrypt = EVP_CIPHER_CTX_new(), *decrypt = EVP_CIPHER_CTX_new();
    if (!encrypt || !decrypt || EVP_EncryptInit_ex2(encrypt, kind, key, NULL, NULL) != 1 ||
        EVP_DecryptInit_ex2(decrypt, kind, key, NULL, NULL) != 1)
        return -1;
    for (int done = 0; done < rounds; done += OPEN_BATCH) {
        for (int i = 0; i < OPEN_BATCH; i++) {
            uint8_t *out = sealed[i];
            OSSL_PARAM tag[] = {OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, out + length, 16),
                                OSSL_PARAM_construct_end()};
            memcpy(iv + 8, &i, sizeof i);
            good &= EVP_EncryptInit_ex2(encrypt, NULL, NULL, iv, NULL);
            good &= EVP_EncryptUpdate(encrypt, NULL, &written, header, sizeof header);
            good &= EVP_EncryptUpdate(encrypt, out, &written, in, length);
            good &= EVP_EncryptFinal_ex(encrypt, out + length, &written);
            good &= EVP_CIPHER_CTX_get_params(encrypt, tag);
        }
        double start = cbench_thread_time();
        for (int i = 0; i < OPEN_BATCH; i++) {
            uint8_t *data = sealed[i];
            OSSL_PARAM tag[] = {OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, data + length, 16),
                                OSSL_PARAM_construct_end()};
            memcpy(iv + 8, &i, sizeof i);
            good &= EVP_DecryptInit_ex2(decrypt, NULL, NULL, iv, NULL);
            good &= EVP_CIPHER_CTX_set_params(decrypt, tag);
            good &= EVP_DecryptUpdate(decrypt, NULL, &written, header, sizeof header);
            good &= EVP_DecryptUpdate(decrypt, data, &written, data, length);
            good &= EVP_DecryptFinal_ex(decrypt, data + length, &written);
        }
        spent += cbench_thread_time() - start;
    }
    EVP_CIPHER_CTX_free(encrypt);
    EVP_CIPHER_CTX_free(decrypt);
    return good == 1 ? spent / ((rounds + OPEN_BATCH - 1) / OPEN_BATCH * OPEN_BATCH) : -1;
}

double cbench_raw_open(int gcm, int key_length, int length, int rounds) {
    if (length < 0 || length > 1900 || rounds < 1) return -1;
    // In counter mode opening is the work of sealing, in another order.
    return gcm ? raw_open_gcm(key_length, length, rounds) : raw_counter(length, rounds);
}

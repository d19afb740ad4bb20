// The SHA_CTX functions are deprecated in favour of EVP_MAC, which allocates for every tag.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "copenssl.h"
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

static const EVP_CIPHER *gcm(int key_length) { return key_length == 32 ? EVP_aes_256_gcm() : EVP_aes_128_gcm(); }

EVP_CIPHER_CTX *copenssl_gcm_new(const uint8_t *key, int key_length, int encrypt) {
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    if (context && EVP_CipherInit_ex2(context, gcm(key_length), key, NULL, encrypt, NULL) == 1) return context;
    EVP_CIPHER_CTX_free(context);
    return NULL;
}

int copenssl_gcm_seal(EVP_CIPHER_CTX *context, const uint8_t iv[12], const void *aad, int aad_length,
                      const copenssl_part *parts, int part_count, uint8_t *out) {
    int written = 0, total = 0;
    if (EVP_EncryptInit_ex2(context, NULL, NULL, iv, NULL) != 1) return -1;
    if (EVP_EncryptUpdate(context, NULL, &written, aad, aad_length) != 1) return -1;
    for (int i = 0; i < part_count; i++) {
        if (parts[i].length == 0) continue;
        if (EVP_EncryptUpdate(context, out + total, &written, parts[i].data, parts[i].length) != 1) return -1;
        total += written;
    }
    if (EVP_EncryptFinal_ex(context, out + total, &written) != 1) return -1;
    OSSL_PARAM tag[] = {OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, out + total, 16),
                        OSSL_PARAM_construct_end()};
    if (EVP_CIPHER_CTX_get_params(context, tag) != 1) return -1;
    return total + 16;
}

int copenssl_gcm_open(EVP_CIPHER_CTX *context, const uint8_t iv[12], const void *aad, int aad_length, const void *aad2,
                      int aad2_length, uint8_t *data, int length) {
    int written = 0, total = 0;
    if (length < 16) return -1;
    OSSL_PARAM tag[] = {OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, data + length - 16, 16),
                        OSSL_PARAM_construct_end()};
    if (EVP_DecryptInit_ex2(context, NULL, NULL, iv, NULL) != 1) return -1;
    if (EVP_CIPHER_CTX_set_params(context, tag) != 1) return -1;
    if (EVP_DecryptUpdate(context, NULL, &written, aad, aad_length) != 1) return -1;
    if (aad2_length && EVP_DecryptUpdate(context, NULL, &written, aad2, aad2_length) != 1) return -1;
    if (length > 16 && EVP_DecryptUpdate(context, data, &total, data, length - 16) != 1) return -1;
    if (EVP_DecryptFinal_ex(context, data + total, &written) != 1) return -1;
    return total;
}

EVP_CIPHER_CTX *copenssl_ctr_new(const uint8_t *key, int key_length) {
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    const EVP_CIPHER *cipher = key_length == 32 ? EVP_aes_256_ctr() : EVP_aes_128_ctr();
    if (context && EVP_EncryptInit_ex2(context, cipher, key, NULL, NULL) == 1) return context;
    EVP_CIPHER_CTX_free(context);
    return NULL;
}

int copenssl_ctr_apply(EVP_CIPHER_CTX *context, const uint8_t iv[16], const copenssl_part *parts, int part_count,
                       uint8_t *out) {
    int written = 0, total = 0;
    if (EVP_EncryptInit_ex2(context, NULL, NULL, iv, NULL) != 1) return -1;
    for (int i = 0; i < part_count; i++) {
        if (parts[i].length == 0) continue;
        if (EVP_EncryptUpdate(context, out + total, &written, parts[i].data, parts[i].length) != 1) return -1;
        total += written;
    }
    return total;
}

struct copenssl_hmac {
    SHA_CTX inner;
    SHA_CTX outer;
};

copenssl_hmac *copenssl_hmac_new(const uint8_t *key, int key_length) {
    uint8_t block[SHA_CBLOCK] = {0};
    if (key_length > SHA_CBLOCK) return NULL;
    copenssl_hmac *hmac = malloc(sizeof *hmac);
    if (!hmac) return NULL;
    memcpy(block, key, (size_t)key_length);
    for (int i = 0; i < SHA_CBLOCK; i++) block[i] ^= 0x36;
    SHA1_Init(&hmac->inner);
    SHA1_Update(&hmac->inner, block, sizeof block);
    for (int i = 0; i < SHA_CBLOCK; i++) block[i] ^= 0x36 ^ 0x5c;
    SHA1_Init(&hmac->outer);
    SHA1_Update(&hmac->outer, block, sizeof block);
    OPENSSL_cleanse(block, sizeof block);
    return hmac;
}

void copenssl_hmac_free(copenssl_hmac *hmac) {
    if (!hmac) return;
    OPENSSL_cleanse(hmac, sizeof *hmac);
    free(hmac);
}

void copenssl_hmac_tag(const copenssl_hmac *hmac, const void *first, size_t first_length, const void *second,
                       size_t second_length, uint8_t *tag, int tag_length) {
    uint8_t digest[SHA_DIGEST_LENGTH];
    SHA_CTX state = hmac->inner;
    SHA1_Update(&state, first, first_length);
    if (second_length) SHA1_Update(&state, second, second_length);
    SHA1_Final(digest, &state);
    state = hmac->outer;
    SHA1_Update(&state, digest, sizeof digest);
    SHA1_Final(digest, &state);
    memcpy(tag, digest, (size_t)(tag_length < SHA_DIGEST_LENGTH ? tag_length : SHA_DIGEST_LENGTH));
}

// Certificates are self-signed: the fingerprint from the SDP is what counts, so no chain is built, nor looked at.
static int accept_any_certificate(X509_STORE_CTX *store, void *argument) {
    (void)store;
    (void)argument;
    return 1;
}

SSL_CTX *copenssl_dtls_context(X509 *certificate, EVP_PKEY *key, const char *srtp_profiles) {
    SSL_CTX *context = SSL_CTX_new(DTLS_method());
    if (!context) return NULL;
    SSL_CTX_set_min_proto_version(context, DTLS1_2_VERSION);
    SSL_CTX_set_max_proto_version(context, DTLS1_2_VERSION);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    SSL_CTX_set_cert_verify_callback(context, accept_any_certificate, NULL);
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN);
    if (SSL_CTX_use_certificate(context, certificate) == 1 && SSL_CTX_use_PrivateKey(context, key) == 1 &&
        SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL:!PSK") == 1 &&
        SSL_CTX_set_tlsext_use_srtp(context, srtp_profiles) == 0)
        return context;
    SSL_CTX_free(context);
    return NULL;
}

void copenssl_bio_clear(BIO *bio) { (void)BIO_reset(bio); }

void copenssl_dtls_configure(SSL *ssl, long mtu) {
    SSL_set_options(ssl, SSL_OP_NO_QUERY_MTU);
    SSL_set_mtu(ssl, mtu);
    DTLS_set_link_mtu(ssl, mtu);
}

int64_t copenssl_dtls_timeout(SSL *ssl) {
    struct timeval left;
    if (DTLSv1_get_timeout(ssl, &left) != 1) return -1;
    return (int64_t)left.tv_sec * 1000000 + left.tv_usec;
}

int copenssl_dtls_handle_timeout(SSL *ssl) { return (int)DTLSv1_handle_timeout(ssl); }

BIO *copenssl_memory_bio(void) {
    BIO *bio = BIO_new(BIO_s_mem());
    if (bio) BIO_set_mem_eof_return(bio, -1);
    return bio;
}

int copenssl_make_certificate(const char *common_name, X509 **certificate, EVP_PKEY **key) {
    *key = EVP_EC_gen("P-256");
    *certificate = X509_new();
    uint64_t serial = 0;
    if (!*key || !*certificate || RAND_bytes((unsigned char *)&serial, sizeof serial) != 1) goto failed;
    X509_set_version(*certificate, X509_VERSION_3);
    ASN1_INTEGER_set_uint64(X509_get_serialNumber(*certificate), serial >> 1 | 1);
    X509_gmtime_adj(X509_getm_notBefore(*certificate), -86400);
    X509_gmtime_adj(X509_getm_notAfter(*certificate), 10L * 365 * 86400);
    X509_NAME *name = X509_get_subject_name(*certificate);
    if (X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)common_name, -1, -1, 0) != 1) goto failed;
    if (X509_set_issuer_name(*certificate, name) != 1 || X509_set_pubkey(*certificate, *key) != 1) goto failed;
    if (X509_sign(*certificate, *key, EVP_sha256()) == 0) goto failed;
    return 0;
failed:
    X509_free(*certificate);
    EVP_PKEY_free(*key);
    *certificate = NULL;
    *key = NULL;
    return -1;
}

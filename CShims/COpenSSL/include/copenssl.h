#ifndef SWITCHYARD_COPENSSL_H
#define SWITCHYARD_COPENSSL_H

// OpenSSL's own headers, and functions in place of those of its macros that Swift cannot see.

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stddef.h>
#include <stdint.h>

/// A piece of a plaintext; a packet is at most a few of them.
typedef struct {
    const void *data;
    int length;
} copenssl_part;

/// AES-GCM: an encryption (or decryption) context keyed once, 12-byte IVs; NULL on failure. Free with EVP_CIPHER_CTX_free.
EVP_CIPHER_CTX *copenssl_gcm_new(const uint8_t *key, int key_length, int encrypt);

/// Encrypts the parts one after the other to `out` and appends the 16-byte tag. No allocation.
/// Returns the bytes written, or -1.
int copenssl_gcm_seal(EVP_CIPHER_CTX *context, const uint8_t iv[12], const void *aad, int aad_length,
                      const copenssl_part *parts, int part_count, uint8_t *out);

/// Decrypts `length` bytes at `data` in place, the 16-byte tag being the last of them, with the associated data in two
/// parts (the second may be empty). Returns the plaintext's length, or -1 where the tag is wrong.
int copenssl_gcm_open(EVP_CIPHER_CTX *context, const uint8_t iv[12], const void *aad, int aad_length, const void *aad2,
                      int aad2_length, uint8_t *data, int length);

/// AES counter mode, keyed once, 16-byte IVs; NULL on failure.
EVP_CIPHER_CTX *copenssl_ctr_new(const uint8_t *key, int key_length);

/// Encrypts (or decrypts: it is the same) the parts to `out`; in place is allowed. Returns the bytes written, or -1.
int copenssl_ctr_apply(EVP_CIPHER_CTX *context, const uint8_t iv[16], const copenssl_part *parts, int part_count,
                       uint8_t *out);

/// HMAC-SHA1 with the padded key already digested, so that a tag costs no key set-up and no allocation.
typedef struct copenssl_hmac copenssl_hmac;
copenssl_hmac *copenssl_hmac_new(const uint8_t *key, int key_length);
void copenssl_hmac_free(copenssl_hmac *hmac);
/// The first `tag_length` (at most 20) bytes of the tag over both parts.
void copenssl_hmac_tag(const copenssl_hmac *hmac, const void *first, size_t first_length, const void *second,
                       size_t second_length, uint8_t *tag, int tag_length);

/// A context for DTLS 1.2 in either role, with our certificate, any peer certificate (the caller checks its
/// fingerprint), no sessions, no tickets, no renegotiation; NULL on failure. Free with SSL_CTX_free.
SSL_CTX *copenssl_dtls_context(X509 *certificate, EVP_PKEY *key, const char *srtp_profiles);
/// Empties a memory BIO.
void copenssl_bio_clear(BIO *bio);
/// For a new SSL: datagrams of at most `mtu` bytes.
void copenssl_dtls_configure(SSL *ssl, long mtu);
/// Microseconds until DTLSv1_handle_timeout is due; -1 where no timer runs.
int64_t copenssl_dtls_timeout(SSL *ssl);
int copenssl_dtls_handle_timeout(SSL *ssl);
/// A memory BIO whose emptiness reads as "retry".
BIO *copenssl_memory_bio(void);

/// A self-signed ECDSA P-256 certificate for ten years; 0, or -1. The caller frees both.
int copenssl_make_certificate(const char *common_name, X509 **certificate, EVP_PKEY **key);

#endif

#ifndef SWITCHYARD_CCIPHER_H
#define SWITCHYARD_CCIPHER_H

// AES-GCM and AES-CTR behind one interface, made by one of several libraries. A context is keyed once; sealing and
// opening neither lock nor allocate. A context belongs to one thread at a time, different contexts to any.

#include "copenssl.h"
#include <stdint.h>

typedef enum {
    /// OpenSSL's EVP functions.
    CCIPHER_EVP,
    /// The functions that OpenSSL's provider implements the same ciphers with, without EVP's work for each call.
    CCIPHER_PROVIDER,
    /// Intel's multi-buffer library, which uses 512-bit AES and carry-less multiplication; GCM only. Loaded when first
    /// asked for: neither building nor running needs it.
    CCIPHER_IPSEC_MB,
} ccipher_library;

/// Whether the library can be used; 1 or 0. Thread-safe; what was found holds for the process's life.
/// `description` becomes its version and kind, or why it cannot be used; static.
int ccipher_load(ccipher_library library, const char **description);

/// 16-byte tags, 12-byte IVs.
typedef struct ccipher_gcm ccipher_gcm;
/// For sealing (`encrypt` 1) or opening (0) with a key of 16 or 32 bytes; NULL on failure.
ccipher_gcm *ccipher_gcm_new(ccipher_library library, const uint8_t *key, int key_length, int encrypt);
/// Erases the key.
void ccipher_gcm_free(ccipher_gcm *context);

/// Encrypts the parts one after the other to `out` and appends the tag. In place is allowed where there is one part.
/// Returns the bytes written, or -1.
int ccipher_gcm_seal(ccipher_gcm *context, const uint8_t iv[12], const void *aad, int aad_length,
                     const copenssl_part *parts, int part_count, uint8_t *out);

/// Decrypts `length` bytes at `data` in place, the tag being the last 16 of them, with the associated data in two parts
/// (the second may be empty; if it is not, both are at most 16 bytes). Returns the plaintext's length, or -1 where the
/// tag is wrong (the bytes are then undefined).
int ccipher_gcm_open(ccipher_gcm *context, const uint8_t iv[12], const void *aad, int aad_length, const void *aad2,
                     int aad2_length, uint8_t *data, int length);

/// Counter mode, 16-byte IVs.
typedef struct ccipher_ctr ccipher_ctr;
/// With a key of 16 or 32 bytes; NULL on failure, and from a library that has only GCM.
ccipher_ctr *ccipher_ctr_new(ccipher_library library, const uint8_t *key, int key_length);
/// Erases the key.
void ccipher_ctr_free(ccipher_ctr *context);
/// Encrypts (or decrypts: it is the same) the parts to `out`; in place is allowed where there is one part. Returns the
/// bytes written, or -1.
int ccipher_ctr_apply(ccipher_ctr *context, const uint8_t iv[16], const copenssl_part *parts, int part_count,
                      uint8_t *out);

#endif

#ifndef SWITCHYARD_COPENSSL_H
#define SWITCHYARD_COPENSSL_H

// OpenSSL's own headers, and functions in place of those of its macros that Swift cannot see.

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/core_names.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#endif

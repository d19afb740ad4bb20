#include <http_parser.h>

// Swift does not see http_parser_url's array of nameless structs.

/// Where a part of the URL begins, in bytes; `part` is one of UF_*.
static inline int chttp_part_offset(const struct http_parser_url *url, int part) { return url->field_data[part].off; }
/// How many bytes the part has.
static inline int chttp_part_length(const struct http_parser_url *url, int part) { return url->field_data[part].len; }

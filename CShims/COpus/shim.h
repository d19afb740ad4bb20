#include <opus/opus.h>

// opus_encoder_ctl and opus_decoder_ctl are variadic, which Swift cannot call.

/// Mono speech at 48 kHz: `bitrate` bits per second, `complexity` 0 to 10, in-band correction for `loss` per cent, and
/// discontinuous transmission or not. Returns OPUS_OK or what libopus refused.
static inline int copus_encoder_set_up(OpusEncoder *encoder, int bitrate, int complexity, int loss, int is_discontinuous) {
    int status = opus_encoder_ctl(encoder, OPUS_SET_BITRATE(bitrate));
    if (status == OPUS_OK) status = opus_encoder_ctl(encoder, OPUS_SET_COMPLEXITY(complexity));
    if (status == OPUS_OK) status = opus_encoder_ctl(encoder, OPUS_SET_SIGNAL(OPUS_SIGNAL_VOICE));
    if (status == OPUS_OK) status = opus_encoder_ctl(encoder, OPUS_SET_INBAND_FEC(loss > 0));
    if (status == OPUS_OK) status = opus_encoder_ctl(encoder, OPUS_SET_PACKET_LOSS_PERC(loss));
    if (status == OPUS_OK) status = opus_encoder_ctl(encoder, OPUS_SET_DTX(is_discontinuous));
    return status;
}

/// Whether the next packets may refer to the ones before them.
static inline int copus_encoder_set_prediction(OpusEncoder *encoder, int is_allowed) {
    return opus_encoder_ctl(encoder, OPUS_SET_PREDICTION_DISABLED(!is_allowed));
}

/// As it was when it was made, but for its settings.
static inline int copus_encoder_reset(OpusEncoder *encoder) { return opus_encoder_ctl(encoder, OPUS_RESET_STATE); }

/// As it was when it was made.
static inline int copus_decoder_reset(OpusDecoder *decoder) { return opus_decoder_ctl(decoder, OPUS_RESET_STATE); }

/// By how many samples the encoder is behind what it is given.
static inline int copus_encoder_lookahead(OpusEncoder *encoder) {
    opus_int32 samples = 0;
    return opus_encoder_ctl(encoder, OPUS_GET_LOOKAHEAD(&samples)) == OPUS_OK ? samples : 0;
}

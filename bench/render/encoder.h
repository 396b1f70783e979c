/* encoder.h: films by the program ffmpeg. */
#ifndef BENCH_RENDER_ENCODER_H
#define BENCH_RENDER_ENCODER_H

#include "image.h"

typedef struct encoder encoder;

/* Starts ffmpeg, without a shell, which writes H.264 for a path that ends in .mp4 and VP9 for .webm. Sides must be
 * even. DF_E_MISSING if ffmpeg is not installed, DF_E_IO, DF_E_NOMEM. On failure *out is NULL. */
DF_MUST_CHECK df_status encoder_open(const char* path, int width, int height, double fps, encoder** out);

/* Adds a picture. DF_E_IO if ffmpeg has ended. */
DF_MUST_CHECK df_status encoder_add(encoder* e, const image* picture);

/* Ends the film and frees the encoder. `so_far` is what happened before: with DF_OK the film gets its name, otherwise
 * it is removed. Returns so_far, or DF_E_IO with ffmpeg's exit code. */
DF_MUST_CHECK df_status encoder_close(encoder* e, df_status so_far);

#endif

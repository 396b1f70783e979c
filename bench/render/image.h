/* image.h: an image in memory, and PNG files. */
#ifndef BENCH_RENDER_IMAGE_H
#define BENCH_RENDER_IMAGE_H

#include "dynaflow/core/status.h"

typedef struct colour {
  unsigned char r, g, b;
} colour;

typedef struct image {
  int width, height;
  unsigned char* rgb; /* [height][width][3], rows from the top down */
} image;

/* part of an image */
typedef struct box {
  int left, top, width, height;
} box;

/* Makes a white image. DF_E_CONFIG if a side is over 65000 pixels, which viewers refuse; DF_E_NOMEM. On failure, and
 * after image_clear(), its rgb is NULL. */
DF_MUST_CHECK df_status image_new(int width, int height, image* out);
void image_clear(image* i);

/* Fill a part with a colour, or with an opaque picture [height][width][3] of its size whose rows go from the bottom up,
 * as OpenGL reads them. What is outside the image is left out. */
void image_fill(image* i, box part, colour c);
void image_paste(image* i, box part, const unsigned char* picture);

/* Draws in a colour, over what is there, where the mask (a picture as above; its first channel) is white. */
void image_stamp(image* i, box part, const unsigned char* mask, colour c);

/* Copies it to rgb [height][width][3], rows from the bottom up. */
void image_copy_upwards(const image* i, unsigned char* rgb);

/* Writes a PNG file without a date. Errors: those of df_file_write(), DF_E_NOMEM. */
DF_MUST_CHECK df_status image_write_png(const image* i, const char* path);

#endif

#include "image.h"

#include <png.h>
#include <stdbool.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"

enum { SIDE_MOST = 65000 };

df_status image_new(int width, int height, image* out) {
  *out = (image){.width = width, .height = height};
  if (width > SIDE_MOST || height > SIDE_MOST) {
    return df_fail(DF_E_CONFIG, "an image of %d x %d pixels is too large: choose a smaller --size or fewer --frames",
                   width, height);
  }
  const size_t n = (size_t)width * (size_t)height * 3;
  out->rgb = df_alloc(n, 1);
  if (!out->rgb) return DF_E_NOMEM;
  memset(out->rgb, 255, n);
  return DF_OK;
}

void image_clear(image* i) {
  df_free(i->rgb);
  i->rgb = NULL;
}

/* the pixel, NULL outside the image */
static unsigned char* at(const image* i, int x, int y) {
  const bool inside = x >= 0 && y >= 0 && x < i->width && y < i->height;
  return inside ? i->rgb + ((size_t)y * (size_t)i->width + (size_t)x) * 3 : NULL;
}

void image_fill(image* i, box part, colour c) {
  for (int y = 0; y < part.height; y++) {
    for (int x = 0; x < part.width; x++) {
      unsigned char* pixel = at(i, part.left + x, part.top + y);
      if (pixel) memcpy(pixel, (unsigned char[3]){c.r, c.g, c.b}, 3);
    }
  }
}

/* pixel (x, y) of a picture whose rows go from the bottom up, y from the top */
static const unsigned char* of_picture(const unsigned char* picture, box part, int x, int y) {
  return picture + ((size_t)(part.height - 1 - y) * (size_t)part.width + (size_t)x) * 3;
}

void image_paste(image* i, box part, const unsigned char* picture) {
  for (int y = 0; y < part.height; y++) {
    for (int x = 0; x < part.width; x++) {
      unsigned char* pixel = at(i, part.left + x, part.top + y);
      if (pixel) memcpy(pixel, of_picture(picture, part, x, y), 3);
    }
  }
}

void image_stamp(image* i, box part, const unsigned char* mask, colour c) {
  const int of_colour[3] = {c.r, c.g, c.b};
  for (int y = 0; y < part.height; y++) {
    for (int x = 0; x < part.width; x++) {
      unsigned char* pixel = at(i, part.left + x, part.top + y);
      const int cover = of_picture(mask, part, x, y)[0];
      for (int k = 0; pixel && k < 3; k++) {
        pixel[k] = (unsigned char)((pixel[k] * (255 - cover) + of_colour[k] * cover) / 255);
      }
    }
  }
}

void image_copy_upwards(const image* i, unsigned char* rgb) {
  const size_t row = (size_t)i->width * 3;
  for (int y = 0; y < i->height; y++) memcpy(rgb + (size_t)(i->height - 1 - y) * row, i->rgb + (size_t)y * row, row);
}

df_status image_write_png(const image* i, const char* path) {
  png_image png = {.version = PNG_IMAGE_VERSION,
                   .width = (png_uint_32)i->width,
                   .height = (png_uint_32)i->height,
                   .format = PNG_FORMAT_RGB};
  png_alloc_size_t n = PNG_IMAGE_PNG_SIZE_MAX(png);
  void* bytes = df_alloc(n, 1);
  if (!bytes) return DF_E_NOMEM;
  const bool made = png_image_write_to_memory(&png, bytes, &n, 0, i->rgb, 0, NULL) != 0;
  const df_status status = made ? df_file_write(path, bytes, n) : df_fail(DF_E_IO, "%s: %s", path, png.message);
  df_free(bytes);
  return status;
}

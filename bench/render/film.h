/* film.h: motions beside each other, as a film. */
#ifndef BENCH_RENDER_FILM_H
#define BENCH_RENDER_FILM_H

#include "scenery.h"

typedef struct film_facts {
  int width, height, pictures;
  double fps;
} film_facts;

/* Writes the film --film: per motion its condition and title, a picture per view, time, and the contacts of the feet
 * over the whole motion with a line at the present. A motion that has ended stands still. Errors: those of image_new(),
 * stage_draw() and encoder_open(). */
DF_MUST_CHECK df_status film_write(const scenery* s, film_facts* facts);

#endif

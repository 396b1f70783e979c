/* recognition.h: a recording whose layout is looked for, and what was found. */
#ifndef BENCH_IMPORT_RECOGNITION_H
#define BENCH_IMPORT_RECOGNITION_H

#include <stdbool.h>

#include "model_study.h"
#include "settings.h"
#include "source.h"

typedef struct recognition {
  const source* files;
  const model_study* model;
  settings* found;           /* receives data.* */
  text notes;                /* lines on what is not used or was matched; of the caller */
  bool base_open;            /* set where work_find_base() has to tell which axis of the model's base points up */
  bool rate_assumed;         /* set where data.rate is that of LAFAN1, which stores quaternions as xyzw */
  const source_array* clock; /* set to the array that gave data.rate; NULL: none */
} recognition;

#endif

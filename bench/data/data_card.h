/* data_card.h: the data card of generated demonstrations: what they are, how many attempts were rejected, and what of
 * the ranges of their conditions they cover. */
#ifndef BENCH_DATA_DATA_CARD_H
#define BENCH_DATA_DATA_CARD_H

#include "dynaflow/config/config.h"
#include "dynaflow/data/dataset.h"
#include "dynaflow/data/generator.h"
#include "dynaflow/sim/system.h"

enum { CARD_BINS = 10 };

/* the values of a condition over the frames of a gait */
typedef struct card_range {
  long frames; /* 0: the other members are 0 */
  double lo, hi, mean;
  long bin[CARD_BINS]; /* frames per tenth of the range of all frames, of which the last includes its upper end */
} card_range;

/* Whether condition `i` is a gait (dataset.h): frames have a gait where it is above 0.5. */
bool card_is_gait(const df_dataset* data, int i);

/* The values of condition `i` over the frames of the gait of condition `gait`, or of all frames if that is -1. */
card_range card_range_of(const df_dataset* data, int i, int gait);

/* an option of the command that made demonstrations */
typedef struct card_option {
  const char *name, *value, *unit; /* e.g. "--seconds", "5", "s" */
} card_option;

/* what made the demonstrations of a card */
typedef struct card_origin {
  const char* written_by;        /* the command, e.g. "`dynaflow data make`", for the text of the card */
  const df_generator* generator; /* its name, summary and version */
  bool (*depends)(const df_config_key* key, const char* value); /* whether the demonstrations depend on a setting */
  int n_options;
  const card_option*
      option; /* [n_options] options of the command on which they depend; may be NULL if there are none */
} card_origin;

/* The path of the card of the demonstrations at `path`, NAME.card.md of NAME.npz, in memory of df_alloc. */
char* data_card_path(const char* path);

/* Writes the card of a file of demonstrations NAME.npz, NAME.card.md: sizes, hashes, versions, the settings and
 * options on which the demonstrations depend, attempts and those kept per kind, and per gait ranges and frames of every
 * other condition. Errors: those of text_write() and df_sha256_file(). */
DF_MUST_CHECK df_status data_card_write(const char* path, const df_config* config, const df_system* system,
                                        const card_origin* origin, const df_dataset* data,
                                        const df_generation* attempts);

#endif

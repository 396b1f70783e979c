/* short_training.h: settings of a training that only measures how long its steps take. */
#ifndef BENCH_RUN_SHORT_TRAINING_H
#define BENCH_RUN_SHORT_TRAINING_H

#include "dynaflow/config/config.h"

/* the steps of a recovery in all rounds, and of learned dynamics */
enum { SHORT_RECOVERY = 6, SHORT_DYNAMICS = 7 };

/* Shortens trainings: `train` and `inverse` steps of the networks that train.steps and inverse.steps are for, and
 * SHORT_RECOVERY steps of a recovery, which simulate as many actions each as its real ones, and SHORT_DYNAMICS steps of
 * learned dynamics, with little random data, whose simulation is not a step. There is no warm-up, which
 * may be longer, no horizon curriculum, and no validation. The actions of a short recovery are useless and not judged;
 * the flow on them has the same share of simulated samples in every step that it really has on average, and no
 * linearised ones. */
void shorten_training(df_config* c, int train, int inverse);

#endif

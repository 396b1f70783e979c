/* Any bytes as the file of a training's state: refused, or loaded with a place that the training can go on from.
 *
 * An input is the file with one run of zero bytes left out, so that it stays small: the first two bytes are the length
 * of that run, the third is the number of bytes after it. */
#include <stdio.h>
#include <string.h>

#include "dynaflow/nn/blas.h"
#include "fuzz_input.h"
#include "trainer.h"

enum { STEPS = 20, MEMORY = 3, PREFIX = 3 };

static double memory[MEMORY];

static trainer* make_trainer(void) {
  const df_blas_cfg blas = {.threads = 1};
  static df_net* net;
  trainer* t;
  df_net_cfg cfg = df_net_cfg_default();
  cfg.kind = DF_NET_MLP;
  cfg.tokens = cfg.in = cfg.out = cfg.width = cfg.depth = 1;
  FUZZ_REQUIRE(df_blas_open(&blas) == DF_OK && df_net_new(&cfg, &net) == DF_OK);
  const trainer_cfg training = {.steps = STEPS, .batch = 1, .slices = 1, .rate = 1e-3, .decay_from = 1, .ema = 0.5};
  FUZZ_REQUIRE(trainer_new(net, &training, 1, 1, &t) == DF_OK);
  t->n_memory = 1;
  t->memory[0] = (trainer_memory){"memory", DF_F64, MEMORY, memory, false};
  return t;
}

/* the file that an input stands for; returns its length */
static size_t expand(const uint8_t* data, size_t size, uint8_t* file, size_t room) {
  const size_t zeros = (size_t)data[0] | (size_t)data[1] << 8, held = size - PREFIX;
  const size_t tail = data[2] < held ? data[2] : held, head = held - tail;
  if (held + zeros > room) return 0;
  memcpy(file, data + PREFIX, head);
  memset(file + head, 0, zeros);
  memcpy(file + head + zeros, data + PREFIX + head, tail);
  return held + zeros;
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static trainer* t;
  if (!t) t = make_trainer();
  if (size < PREFIX) return 0;
  static uint8_t file[1 << 17];
  fuzz_file_in_folder("fuzz.state", file, expand(data, size, file, sizeof file));
  const df_method_env env = {.threads = 1, .state_folder = fuzz_folder(), .state_identity = "i"};
  trainer_progress at = {0};
  static df_training_log log;
  memset(&log, 0, sizeof log);
  snprintf(log.name, sizeof log.name, "fuzz");
  if (trainer_state_load(t, &at, &log, &env) != DF_OK) return 0;
  FUZZ_REQUIRE(at.step >= 0 && at.step <= STEPS && at.summed >= 0 && at.summed <= STEPS);
  FUZZ_REQUIRE(log.steps == at.step && log.n >= 0 && log.n <= DF_LOG_MAX);
  FUZZ_REQUIRE(t->optimizer->step >= 0 && log.diverged >= 0 && log.skipped >= 0);
  /* every later step needs a place in the log */
  FUZZ_REQUIRE(log.n + (STEPS - at.step) <= DF_LOG_MAX);
  return 0;
}

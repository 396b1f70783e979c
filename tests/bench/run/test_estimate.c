/* The estimate of the time of training, and what it does not know, with a method whose steps take a known time. */
#define _POSIX_C_SOURCE 200809L
#include "estimate.h"

#include <math.h>
#include <time.h>
#include <unistd.h>

#include "cell.h"
#include "dynaflow/core/alloc.h"
#include "short_training.h"
#include "slide_task.h"
#include "unit.h"

/* ---- a method that trains the networks of a script ---- */

/* the settings of the task, of which a network may take its number of steps */
enum { TRAIN = 1000, INVERSE = 3000 };

typedef struct scripted {
  const char* name;
  int follows; /* TRAIN or INVERSE; any other number: its own number of steps */
  int ms;      /* duration of a step */
} scripted;

static const scripted* script;
static int n_script;
static df_status result; /* of the training */
static df_method_env given;
static long clock_ms; /* what every clock shows */

/* takes the place of the system's: time passes in the steps of a training only, so the result does not depend on the
 * load of the machine */
int clock_gettime(clockid_t which, struct timespec* now) {
  (void)which;
  *now = (struct timespec){.tv_sec = clock_ms / 1000, .tv_nsec = clock_ms % 1000 * 1000000};
  return 0;
}

static df_status create(const df_method_env* env, void** self) {
  static int instance;
  given = *env;
  *self = &instance;
  return DF_OK;
}

static void destroy(void* self) {
  (void)self;
}

static df_status train(void* self, df_training_log* logs, int* n) {
  const df_config* config = &given.task->config;
  (void)self;
  (void)logs;
  *n = 0;
  for (int i = 0; i < n_script; i++) {
    const scripted* s = &script[i];
    const int own = s->follows, steps = own == TRAIN     ? config->train_steps
                                        : own == INVERSE ? config->inverse_steps
                                                         : own;
    for (int k = 1; k <= steps; k++) {
      clock_ms += s->ms;
      given.progress(given.progress_context, &(df_progress){.network = s->name, .step = k, .steps = steps});
      if (*given.stop) return df_fail(DF_E_INTERRUPTED, "interrupted");
    }
  }
  return result;
}

static df_method one = {.name = "one",
                        .summary = "of this test",
                        .flags = DF_METHOD_TRAINS,
                        .create = create,
                        .destroy = destroy,
                        .train = train};
static df_method two = {.name = "two",
                        .summary = "of this test",
                        .flags = DF_METHOD_TRAINS,
                        .create = create,
                        .destroy = destroy,
                        .train = train};

/* the estimate of part `part` of a plan of n methods on the task, of which the first `done` cells are done; every
 * method trains the script */
static estimate estimate_part(int n, df_method* const* methods, int n_networks, const scripted* networks, shard part,
                              int done, const char* left) {
  static plan cells;
  options opts = options_default();
  plan_cfg cfg = {.opts = &opts, .n_tasks = 1, .task = {test_folder()}, .n_methods = n};
  store* events;
  const char* failed;
  for (int i = 0; i < n; i++) cfg.method[i] = methods[i];
  opts.quiet = true;
  opts.profile = "";
  script = networks;
  n_script = n_networks;
  make_slide_task();
  assert_int_equal(plan_make(&cfg, &cells), DF_OK);
  assert_int_equal(store_open(test_folder(), (shard){0}, &events), DF_OK);
  if (plan_record(&cells, &opts, events, &failed) != DF_OK) fail_msg("%s", df_error_message());
  for (int i = 0; i < done; i++) finish(events, cells.cell[i].key);
  char* shared = shared_network_path(test_folder(), cells.cell[0].training_key, left ? left : "none");
  char* place = df_path_folder(shared);
  assert_int_equal(df_dir_make(place), DF_OK);
  if (left) write_text(shared, "");
  const estimate out = estimate_training(&cells, part, &opts, test_folder(), events);
  unlink(shared);
  df_free(place);
  df_free(shared);
  store_close(events);
  return out;
}

static estimate estimate_of(int n, df_method* const* methods, int n_networks, const scripted* networks) {
  const estimate out = estimate_part(n, methods, n_networks, networks, (shard){0}, 0, NULL);
  assert_int_equal(out.cells, n);
  return out;
}

/* that of method `one` alone, if it names these networks */
static estimate estimate_one(const char* first, const char* second, int n_networks, const scripted* networks) {
  one.networks[0] = first;
  one.networks[1] = second;
  return estimate_of(1, (df_method*[]){&one}, n_networks, networks);
}

static void has(const estimate* e, int networks, int unknown) {
  assert_int_equal(e->networks, networks);
  assert_int_equal(e->unknown, unknown);
}

static void takes(const estimate* e, double seconds) {
  assert_true(fabs(e->seconds - seconds) <= 1e-6 * seconds);
}

/* ---- tests ---- */

static void a_network_takes_the_steps_of_the_setting_that_it_follows(void** state) {
  (void)state;
  estimate e = estimate_one("a", NULL, 1, (scripted[]){{"a", TRAIN, 20}});
  has(&e, 1, 0);
  takes(&e, 0.02 * TRAIN);
  /* whatever the name of the network */
  e = estimate_one("a", NULL, 1, (scripted[]){{"a", INVERSE, 20}});
  has(&e, 1, 0);
  takes(&e, 0.02 * INVERSE);
  e = estimate_one("a", NULL, 1, (scripted[]){{"a", 700, 20}});
  has(&e, 1, 0);
  takes(&e, 0.02 * 700);
  /* the settings of a recovery, and of a model of the dynamics */
  const df_config settings = df_config_default();
  assert_true(settings.recover_rounds > 1 && settings.recover_steps > 1);
  e = estimate_one("a", NULL, 1, (scripted[]){{"a", SHORT_RECOVERY, 20}});
  has(&e, 1, 0);
  takes(&e, 0.02 * settings.recover_rounds * settings.recover_steps);
  e = estimate_one("a", NULL, 1, (scripted[]){{"a", SHORT_DYNAMICS, 20}});
  has(&e, 1, 0);
  takes(&e, 0.02 * settings.dap_steps);
}

static void networks_are_told_by_their_names(void** state) {
  (void)state;
  /* `two` trains the network of `one` as well, and first; it names it second */
  static const scripted networks[] = {{"slow", TRAIN, 40}, {"fast", TRAIN, 4}};
  one.networks[0] = "slow", one.networks[1] = NULL;
  two.networks[0] = "fast", two.networks[1] = "slow";
  estimate e = estimate_of(2, (df_method*[]){&one, &two}, 2, networks);
  has(&e, 2, 1); /* `one` trains another network than it names */
  takes(&e, 0.044 * TRAIN);
}

static void a_network_without_a_name_is_unknown(void** state) {
  (void)state;
  static const scripted networks[] = {{"a", TRAIN, 1}, {"b", TRAIN, 1}, {"c", TRAIN, 1}, {"", TRAIN, 1}};
  estimate e = estimate_one("a", NULL, 2, networks);
  has(&e, 1, 1);
  e = estimate_one("a", "b", 3, networks); /* more networks than a method can name */
  has(&e, 2, 1);
  e = estimate_one("c", NULL, 2, networks + 2);
  has(&e, 1, 1);
  e = estimate_one("a", NULL, 1, networks + 3);
  has(&e, 0, 1);
  e = estimate_one(NULL, NULL, 1, networks);
  has(&e, 0, 1);
}

static void what_is_not_trained_is_unknown(void** state) {
  (void)state;
  static const scripted networks[] = {{"a", TRAIN, 1}, {"b", TRAIN, 1}};
  estimate e = estimate_one("a", "b", 1, networks);
  has(&e, 1, 1);
  /* its own number of steps ends the training before the second network */
  e = estimate_one("a", "b", 2, (scripted[]){{"a", 700, 1}, {"b", TRAIN, 1}});
  has(&e, 1, 1);
  result = df_fail(DF_E_SIM, "it fell apart");
  e = estimate_one("a", "b", 2, networks);
  has(&e, 0, 1);
  result = DF_OK;
}

/* networks that other processes train, or that a finished cell trained, are still to be trained by this one */
static void networks_of_cells_that_are_not_run_count_where_they_are_trained(void** state) {
  (void)state;
  static const scripted networks[] = {{"a", TRAIN, 1}};
  df_method* const methods[] = {&one, &two};
  one.networks[0] = two.networks[0] = "a";
  one.networks[1] = two.networks[1] = NULL;
  estimate e = estimate_part(2, methods, 1, networks, (shard){0}, 0, NULL);
  assert_int_equal(e.cells, 2);
  has(&e, 1, 0);
  e = estimate_part(2, methods, 1, networks, (shard){2, 2}, 0, NULL);
  assert_int_equal(e.cells, 1);
  has(&e, 1, 0);
  e = estimate_part(2, methods, 1, networks, (shard){0}, 1, NULL);
  assert_int_equal(e.cells, 1);
  has(&e, 1, 0);
  /* a finished cell has left it to the other */
  e = estimate_part(2, methods, 1, networks, (shard){0}, 1, "a");
  assert_int_equal(e.cells, 1);
  has(&e, 0, 0);
  takes(&e, 0);
  e = estimate_part(2, methods, 1, networks, (shard){0}, 1, "b");
  has(&e, 1, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_network_takes_the_steps_of_the_setting_that_it_follows),
      cmocka_unit_test(networks_are_told_by_their_names),
      cmocka_unit_test(a_network_without_a_name_is_unknown),
      cmocka_unit_test(what_is_not_trained_is_unknown),
      cmocka_unit_test(networks_of_cells_that_are_not_run_count_where_they_are_trained),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

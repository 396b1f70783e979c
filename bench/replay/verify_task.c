#include "verify_task.h"

#include <math.h>
#include <string.h>

#include "data_path.h"
#include "dynaflow/config/config.h"
#include "dynaflow/config/search.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "dynaflow/core/hash.h"
#include "dynaflow/data/task.h"
#include "dynaflow/io/safetensors.h"
#include "dynaflow/sim/mujoco.h"
#include "eval_data.h"
#include "eval_set.h"
#include "experts.h"
#include "json.h"
#include "lookup.h"
#include "store.h"
#include "text.h"

/* ---- the held-out windows ---- */

/* the windows of the preceding record, for those that have the same settings and demonstrations */
typedef struct drawn {
  char* identity;
  df_task* task;   /* the task of the training */
  eval_data other; /* of eval.profile */
  eval_set* set;   /* NULL: not available, see reason */
  char* reason;    /* NULL: none */
} drawn;

static void drawn_clear(drawn* d) {
  eval_set_free(d->set);
  eval_data_clear(&d->other);
  df_task_free(d->task);
  df_free(d->identity);
  df_free(d->reason);
  *d = (drawn){0};
}

static char* identity_of(const json_t* record) {
  text t = {0};
  const char* name;
  json_t* value;
  text_add(&t, "%s %s %s %s", string_of(record, "task"), string_of(record, "profile"),
           string_of(record, "compiled_sha256"), string_of(record, "data_sha256"));
  text_add(&t, " %s", string_of(record, "eval_data_sha256"));
  json_object_foreach(json_object_get(record, "config"), name, value) {
    static const char* const of_windows[] = {"system.", "data.", "window.", "split.", "chart.", "eval.", "gait."};
    for (size_t i = 0; i < sizeof of_windows / sizeof *of_windows; i++) {
      if (strncmp(name, of_windows[i], strlen(of_windows[i])) == 0)
        text_add(&t, " %s=%s", name, json_string_value(value));
    }
  }
  char* out = format_text("%s", text_of(&t));
  text_clear(&t);
  return out;
}

/* the settings of the record on those of the task, whose files they are */
static df_status settings_of(const options* opts, const json_t* record, df_config* config, df_search* search) {
  const char* name;
  json_t* value;
  DF_TRY(resolve_task(string_of(record, "task"), string_of(record, "profile"), string_of(record, "method"), opts,
                      config, search));
  json_object_foreach(json_object_get(record, "config"), name, value) {
    const char* setting = json_string_value(value);
    if (strncmp(name, "task.", 5) == 0 || !setting) continue;
    DF_TRY(df_config_set(config, name, setting, "the record"));
  }
  return DF_OK;
}

static df_status draw_of(const options* opts, const json_t* record, const df_config* config, const df_search* search,
                         drawn* out) {
  char* path = NULL;
  df_status status = task_data_path(config, search, opts, false, &path);
  if (status == DF_OK) status = df_task_new(config, search, path, &out->task);
  df_free(path);
  DF_TRY(status);
  if (strcmp(out->task->data->sha256, string_of(record, "data_sha256")) != 0)
    return df_fail(DF_E_MISMATCH, "task %s has other demonstrations than the record", string_of(record, "task"));
  DF_TRY(eval_data_open(string_of(record, "task"), string_of(record, "method"), config, opts,
                        json_object_get(record, "eval_settings"), &out->other));
  if (strcmp(out->other.sha256, string_of(record, "eval_data_sha256")) != 0) {
    return df_fail(DF_E_MISMATCH, "task %s has other demonstrations in the profile %s than the record",
                   string_of(record, "task"), config->eval_profile);
  }
  DF_TRY(eval_data_load(&out->other, search, out->task));
  return eval_set_new(out->other.task ? out->other.task : out->task, opts->threads, &out->set);
}

static df_status draw(const options* opts, const json_t* record, drawn* out) {
  df_config config;
  df_search search = {0};
  df_status status = settings_of(opts, record, &config, &search);
  if (status == DF_OK) status = draw_of(opts, record, &config, &search, out);
  search_clear(&search);
  return status;
}

/* draws the windows of a record, unless the preceding one had the same; a reason is not repeated */
static void draw_again(verifier* v, const options* opts, const json_t* record, drawn* d) {
  char* identity = identity_of(record);
  if (d->identity && strcmp(d->identity, identity) == 0) {
    df_free(identity);
    return;
  }
  char* last = d->reason;
  d->reason = NULL;
  drawn_clear(d);
  d->identity = identity;
  if (draw(opts, record, d) != DF_OK) {
    d->reason = format_text("%s", df_error_message());
    eval_set_free(d->set);
    d->set = NULL;
    if (!last || strcmp(last, d->reason) != 0)
      verify_find(v, VERIFY_WARNING, record, "its held-out windows were not drawn again: %s", d->reason);
  }
  df_free(last);
}

static int number_at(const json_t* windows, const char* key, int i) {
  return (int)json_integer_value(json_array_get(json_object_get(windows, key), (size_t)i));
}

static void compare_windows(verifier* v, const json_t* record, const eval_set* set) {
  const json_t* windows = json_object_get(record, "windows");
  const char* sum = string_of(record, "windows_sha256");
  v->looked++;
  if (strcmp(sum, set->sha256) != 0) {
    verify_find(v, VERIFY_FAILED, record,
                "windows_sha256 is %.16s, but the windows that the task holds out under these settings have %.16s", sum,
                set->sha256);
  }
  if (!windows) return;
  if (json_array_size(json_object_get(windows, "start")) != (size_t)set->B) {
    verify_find(v, VERIFY_FAILED, record, "%zu windows, but %d are held out under these settings",
                json_array_size(json_object_get(windows, "start")), set->B);
    return;
  }
  for (int i = 0; i < set->B; i++) {
    const int episode = number_at(windows, "episode", i), start = number_at(windows, "start", i);
    const bool other_group = json_object_get(windows, "group") && number_at(windows, "group", i) != set->group[i];
    if (episode == set->window[i].episode && start == set->window[i].start && !other_group) continue;
    verify_find(v, VERIFY_FAILED, record,
                "window %d is recorded as episode %d, frame %d%s, but is episode %d, frame %d of group %d", i, episode,
                start, other_group ? ", of another group" : "", set->window[i].episode, set->window[i].start,
                set->group[i]);
    return;
  }
}

/* ---- work ---- */

static double effort_of(const json_t* record, const char* metric, json_int_t k) {
  size_t i;
  json_t* number;
  json_array_foreach(json_object_get(record, "rows"), i, number) {
    if (strcmp(string_of(number, "metric"), metric) == 0 && json_integer_value(json_object_get(number, "k")) == k)
      return number_of(json_object_get(number, "value"));
  }
  return NAN;
}

/* no physics step takes more iterations of the solver than the record's model allows */
static void compare_work(verifier* v, const json_t* record, const df_system* system) {
  const df_model_identity* model = df_mujoco_identity(system);
  const double most = (double)df_mujoco_iterations_of_step(system);
  size_t i;
  json_t* number;
  if (strcmp(model->compiled, string_of(record, "compiled_sha256")) != 0) return;
  json_array_foreach(json_object_get(record, "rows"), i, number) {
    if (strcmp(string_of(number, "metric"), "effort.solver_iterations") != 0) continue;
    const json_int_t k = json_integer_value(json_object_get(number, "k"));
    const double iterations = number_of(json_object_get(number, "value"));
    const double steps = effort_of(record, "effort.physics_steps", k);
    if (!(iterations > most * steps)) continue;
    verify_find(v, VERIFY_FAILED, record,
                "effort.solver_iterations at K = %d is %.0f, but %.0f physics steps of at most %.0f iterations take "
                "%.0f at most",
                (int)k, iterations, steps, most, most * steps);
  }
}

void verify_drawn(verifier* v, const void* context) {
  const json_t* records = store_records(v->r->source);
  drawn d = {0};
  size_t i;
  json_t* record;
  json_array_foreach(records, i, record) {
    /* start states of a file, or of an expert, are not the held-out ones */
    if (!verify_is_done(record) || !string_of(record, "windows_sha256")[0]) continue;
    if (json_object_get(record, "trajectories") || is_expert(string_of(record, "method"))) continue;
    draw_again(v, context, record, &d);
    if (d.set) compare_windows(v, record, d.set);
    if (d.set) compare_work(v, record, d.task->system);
  }
  drawn_clear(&d);
}

/* ---- the number of parameters ---- */

static bool ends_with(const char* name, const char* end) {
  const size_t n = strlen(name), m = strlen(end);
  return n >= m && strcmp(name + n - m, end) == 0;
}

static json_int_t parameters_of(const df_safetensors* file) {
  json_int_t sum = 0;
  for (int i = 0; i < df_safetensors_count(file); i++) {
    size_t elements;
    const char* name = df_safetensors_name(file, i, &elements);
    const bool fixed = ends_with(name, "_unit") || ends_with(name, "_std") || ends_with(name, "_scale");
    if (strncmp(name, "chart.", 6) == 0 || fixed) continue;
    sum += (json_int_t)elements;
  }
  return sum;
}

void verify_weights(verifier* v, const void* context) {
  const json_t* records = store_records(v->r->source);
  size_t i;
  json_t* record;
  (void)context;
  json_array_foreach(records, i, record) {
    const json_t* training = json_object_get(record, "training");
    const char* checkpoint = string_of(training, "checkpoint");
    const json_int_t recorded = json_integer_value(json_object_get(training, "parameters"));
    df_safetensors* file = NULL;
    if (!verify_is_done(record) || !checkpoint[0]) continue;
    char* path = df_path_join(v->folder, checkpoint);
    if (path && df_file_exists(path) && df_safetensors_open(path, &file) == DF_OK) {
      const json_int_t has = parameters_of(file);
      v->looked++;
      if (has != recorded)
        verify_find(v, VERIFY_FAILED, record, "training.parameters is %lld, but the checkpoint has %lld",
                    (long long)recorded, (long long)has);
    }
    df_safetensors_close(file);
    df_free(path);
  }
}

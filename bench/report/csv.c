/* csv.c: the numbers and the run times of a run as CSV files. */
#include "csv.h"

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "escape.h"
#include "json.h"
#include "text.h"

static void csv_number(text* out, const json_t* v) {
  text_add(out, ",");
  if (json_is_number(v)) text_add(out, "%.17g", json_number_value(v));
}

static void csv_row(text* out, const run_cell* c, const json_t* row) {
  text_add_csv(out, c->task);
  text_add(out, ",");
  text_add_csv(out, c->method);
  text_add(out, ",%lld,", (long long)c->seed);
  text_add_csv(out, c->profile);
  text_add(out, ",");
  text_add_csv(out, string_of(row, "metric"));
  text_add(out, ",%lld", (long long)json_integer_value(json_object_get(row, "k")));
  csv_number(out, json_object_get(row, "value"));
  text_add(out, ",");
  text_add_csv(out, string_of(row, "unit"));
  csv_number(out, json_object_get(row, "n"));
  csv_number(out, json_object_get(row, "lo"));
  csv_number(out, json_object_get(row, "hi"));
  text_add(out, ",");
  /* a cell that is not done has no numbers, only its status */
  text_add_csv(out, c->done ? string_of(row, "status") : c->record ? string_of(c->record, "status") : "not run");
  text_add(out, "\n");
}

df_status csv_write(const run_view* r, const char* folder) {
  text out = {0};
  text_add(&out, "task,method,seed,profile,metric,k,value,unit,n,lo,hi,status\n");
  for (int i = 0; i < r->n_cells; i++) {
    const run_cell* c = &r->cells[i];
    const json_t* list = json_object_get(c->record, "rows");
    size_t j;
    json_t* row;
    if (!c->done || json_array_size(list) == 0) csv_row(&out, c, NULL);
    json_array_foreach(list, j, row) {
      if (c->done) csv_row(&out, c, row);
    }
  }
  char* path = df_path_join(folder, "results.csv");
  const df_status status = path ? text_write(&out, path) : DF_E_NOMEM;
  df_free(path);
  text_clear(&out);
  return status;
}

df_status times_write(const run_view* r, const char* folder) {
  static const char* const columns[] = {"train_cpu_s", "cpu_s", "wall_s"};
  text out = {0};
  text_add(&out, "task,method,seed,profile,status,train_cpu_s,cpu_s,wall_s\n");
  for (int i = 0; i < r->n_cells; i++) {
    const run_cell* c = &r->cells[i];
    text_add_csv(&out, c->task);
    text_add(&out, ",");
    text_add_csv(&out, c->method);
    text_add(&out, ",%lld,", (long long)c->seed);
    text_add_csv(&out, c->profile);
    text_add(&out, ",");
    text_add_csv(&out, c->record ? string_of(c->record, "status") : "not run");
    for (size_t j = 0; j < sizeof columns / sizeof columns[0]; j++) {
      csv_number(&out, json_object_get(c->record, columns[j]));
    }
    text_add(&out, "\n");
  }
  char* path = df_path_join(folder, "times.csv");
  const df_status status = path ? text_write(&out, path) : DF_E_NOMEM;
  df_free(path);
  text_clear(&out);
  return status;
}

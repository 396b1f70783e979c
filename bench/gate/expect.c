#include "expect.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "aggregate.h"
#include "dynaflow/config/yaml_depth.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/core/c_locale.h"
#include "dynaflow/core/file.h"
#include "list.h"

/* reads the digits at *at, at most a billion; returns false if there are none or they are more */
static bool version_number(const char** at, int* out) {
  enum { MOST = 1000000000 };
  const char* first = *at;
  long value = 0;
  for (; **at >= '0' && **at <= '9' && value <= MOST; ++*at) value = 10 * value + (**at - '0');
  *out = (int)(value <= MOST ? value : 0);
  return *at != first && value <= MOST;
}

bool version_parts(const char* version, int parts[2]) {
  if (!version_number(&version, &parts[0]) || *version != '.') return false;
  version++;
  return version_number(&version, &parts[1]) && (*version == '\0' || *version == '.');
}

void expect_clear(expectations* e) {
  df_free(e->path);
  df_free(e->bands);
  df_free(e->uncompared);
  *e = (expectations){0};
}

/* one "key: value" of the file, with its position for error messages */
typedef struct entry {
  const char* path;
  int line;
  const char *key, *value;
} entry;

static df_status fail_entry(const entry* e, const char* what) {
  return df_fail(DF_E_CONFIG, "%s:%d: %s = '%s': %s", e->path, e->line, e->key, e->value, what);
}

static df_status take_text(const entry* e, char* out, size_t n) {
  if (e->value[0] == '\0') return fail_entry(e, "expected a non-empty string");
  if (strlen(e->value) >= n) {
    return df_fail(DF_E_CONFIG, "%s:%d: %s = '%.40s...': at most %zu bytes are allowed", e->path, e->line, e->key,
                   e->value, n - 1);
  }
  snprintf(out, n, "%s", e->value);
  return DF_OK;
}

static df_status take_number(const entry* e, double* out) {
  char* end;
  *out = df_read_double(e->value, &end);
  if (end == e->value || *end != '\0' || !isfinite(*out)) return fail_entry(e, "expected a finite number");
  return DF_OK;
}

static df_status take_count(const entry* e, int low, int* out) {
  char* end;
  const long v = strtol(e->value, &end, 10);
  if (end == e->value || *end != '\0' || v < low || v > 1000000) {
    return df_fail(DF_E_CONFIG, "%s:%d: %s = '%s': expected an integer from %d to 1000000", e->path, e->line, e->key,
                   e->value, low);
  }
  *out = (int)v;
  return DF_OK;
}

/* accepts a metric and its parts: sae_own and sae_own.worst_step */
static df_status take_metric(const entry* e, char* out) {
  DF_TRY(take_text(e, out, METRIC_NAME_MAX));
  return metric_is_known(out) ? DF_OK : fail_entry(e, "unknown metric, see `dynaflow list metrics`");
}

static df_status take_limit(const entry* e, band_kind kind, band* b, int* limits) {
  DF_TRY(take_number(e, &b->bound));
  if (kind == BAND_RELATIVE && b->bound < 0) return fail_entry(e, "a tolerance must not be negative");
  if (kind == BAND_RELATIVE && b->bound > 1)
    return fail_entry(e, "a relative tolerance is a share of the golden value, at most 1: 0.25 allows 25 %");
  b->kind = kind;
  b->limit_line = e->line;
  ++*limits;
  return DF_OK;
}

static df_status take_band_entry(const entry* e, band* b, int* limits) {
  if (strcmp(e->key, "metric") == 0) return take_metric(e, b->metric);
  if (strcmp(e->key, "method") == 0) return take_text(e, b->method, sizeof b->method);
  if (strcmp(e->key, "profile") == 0) return take_text(e, b->profile, sizeof b->profile);
  if (strcmp(e->key, "reason") == 0) return take_text(e, b->reason, sizeof b->reason);
  if (strcmp(e->key, "k") == 0) return take_count(e, 0, &b->k);
  if (strcmp(e->key, "seeds") == 0) return take_count(e, 1, &b->seeds);
  if (strcmp(e->key, "at_most") == 0) return take_limit(e, BAND_AT_MOST, b, limits);
  if (strcmp(e->key, "at_least") == 0) return take_limit(e, BAND_AT_LEAST, b, limits);
  if (strcmp(e->key, "relative") == 0) return take_limit(e, BAND_RELATIVE, b, limits);
  if (strcmp(e->key, "absolute") == 0) {
    DF_TRY(take_number(e, &b->absolute));
    return b->absolute < 0 ? fail_entry(e, "a tolerance must not be negative") : DF_OK;
  }
  return fail_entry(e,
                    "unknown key; expected metric, method, profile, k, at_most, at_least, relative, absolute, seeds or "
                    "reason");
}

/* ---- the file ---- */

typedef struct reader {
  yaml_document_t* document;
  expectations* out;
} reader;

static int line_of(const yaml_node_t* node) {
  return (int)node->start_mark.line + 1;
}

static const char* text_of_node(const yaml_node_t* node) {
  return node && node->type == YAML_SCALAR_NODE ? (const char*)node->data.scalar.value : NULL;
}

/* fills `e` from a pair of a mapping and sets *value to its node; e->value is "" if the node is not a scalar */
static df_status read_pair(const reader* r, const yaml_node_t* mapping, const yaml_node_pair_t* pair, entry* e,
                           const yaml_node_t** value) {
  const yaml_node_t* name = yaml_document_get_node(r->document, pair->key);
  *value = yaml_document_get_node(r->document, pair->value);
  *e =
      (entry){.path = r->out->path, .line = line_of(mapping), .key = text_of_node(name), .value = text_of_node(*value)};
  if (!e->key || !*value) return df_fail(DF_E_FORMAT, "%s:%d: a key must be a plain scalar", e->path, e->line);
  e->line = line_of(name);
  if (!e->value) e->value = "";
  for (const yaml_node_pair_t* other = mapping->data.mapping.pairs.start; other < pair; other++) {
    const char* before = text_of_node(yaml_document_get_node(r->document, other->key));
    if (before && strcmp(before, e->key) == 0) return fail_entry(e, "the key appears twice");
  }
  return DF_OK;
}

static df_status check_band(const reader* r, const band* b, int limits) {
  const char *path = r->out->path, *lacks = NULL;
  if (b->reason[0] == '\0') lacks = "reason";
  if (b->profile[0] == '\0') lacks = "profile";
  if (b->method[0] == '\0') lacks = "method";
  if (b->metric[0] == '\0') lacks = "metric";
  if (lacks) return df_fail(DF_E_CONFIG, "%s:%d: bands: the entry has no '%s'", path, b->line, lacks);
  if (limits != 1) {
    return df_fail(DF_E_CONFIG, "%s:%d: bands: an entry needs one of at_most, at_least and relative, this one has %d",
                   path, b->line, limits);
  }
  if (!isnan(b->absolute) && b->kind != BAND_RELATIVE) {
    return df_fail(DF_E_CONFIG, "%s:%d: absolute = '%g': allowed with relative only", path, b->line, b->absolute);
  }
  for (int i = 0; i < r->out->n; i++) {
    const band* o = &r->out->bands[i];
    if (strcmp(o->metric, b->metric) == 0 && strcmp(o->method, b->method) == 0 && strcmp(o->profile, b->profile) == 0 &&
        o->k == b->k && o->kind == b->kind) {
      return df_fail(DF_E_CONFIG, "%s:%d: bands: the entry repeats that of line %d", path, b->line, o->line);
    }
  }
  return DF_OK;
}

static df_status read_band(const reader* r, const yaml_node_t* node) {
  expectations* out = r->out;
  if (!node || node->type != YAML_MAPPING_NODE) {
    return df_fail(DF_E_CONFIG, "%s:%d: bands: an entry must be a mapping with metric, method, profile, ...", out->path,
                   node ? line_of(node) : 0);
  }
  if (out->n == BANDS_MAX)
    return df_fail(DF_E_CONFIG, "%s:%d: bands: at most %d entries are allowed", out->path, line_of(node), BANDS_MAX);
  band b = {.line = line_of(node), .absolute = NAN};
  int limits = 0;
  for (const yaml_node_pair_t* p = node->data.mapping.pairs.start; p < node->data.mapping.pairs.top; p++) {
    entry e;
    const yaml_node_t* value;
    DF_TRY(read_pair(r, node, p, &e, &value));
    DF_TRY(take_band_entry(&e, &b, &limits));
  }
  DF_TRY(check_band(r, &b, limits));
  if (isnan(b.absolute)) b.absolute = 0;
  if (b.seeds == 0) b.seeds = b.kind == BAND_RELATIVE ? 2 : 1;
  out->bands[out->n++] = b;
  return DF_OK;
}

static df_status read_bands(const reader* r, const entry* e, const yaml_node_t* node) {
  if (node->type != YAML_SEQUENCE_NODE) return fail_entry(e, "expected a sequence of tolerances");
  for (const yaml_node_item_t* item = node->data.sequence.items.start; item < node->data.sequence.items.top; item++) {
    DF_TRY(read_band(r, yaml_document_get_node(r->document, *item)));
  }
  return r->out->n ? DF_OK : fail_entry(e, "the sequence is empty, nothing would be checked; add a tolerance");
}

/* ---- work counters ---- */

static df_status take_effort_entry(const entry* e, effort_band* b) {
  if (strcmp(e->key, "profile") == 0) return take_text(e, b->profile, sizeof b->profile);
  if (strcmp(e->key, "reason") == 0) return take_text(e, b->reason, sizeof b->reason);
  if (strcmp(e->key, "percent") == 0) {
    DF_TRY(take_number(e, &b->percent));
    b->limit_line = e->line;
    return b->percent < 0 ? fail_entry(e, "a tolerance must not be negative") : DF_OK;
  }
  if (strcmp(e->key, "absolute") == 0) {
    DF_TRY(take_number(e, &b->absolute));
    return b->absolute < 0 ? fail_entry(e, "a tolerance must not be negative") : DF_OK;
  }
  return fail_entry(e, "unknown key; expected profile, percent, absolute or reason");
}

static df_status read_effort_band(const reader* r, const yaml_node_t* node) {
  expectations* out = r->out;
  if (!node || node->type != YAML_MAPPING_NODE) {
    return df_fail(DF_E_CONFIG, "%s:%d: effort: an entry must be a mapping with profile, percent and reason", out->path,
                   node ? line_of(node) : 0);
  }
  effort_band b = {.line = line_of(node), .percent = NAN};
  for (const yaml_node_pair_t* p = node->data.mapping.pairs.start; p < node->data.mapping.pairs.top; p++) {
    entry e;
    const yaml_node_t* value;
    DF_TRY(read_pair(r, node, p, &e, &value));
    DF_TRY(take_effort_entry(&e, &b));
  }
  const char* lacks = !b.profile[0] ? "profile" : isnan(b.percent) ? "percent" : !b.reason[0] ? "reason" : NULL;
  if (lacks) return df_fail(DF_E_CONFIG, "%s:%d: effort: the entry has no '%s'", out->path, b.line, lacks);
  for (int i = 0; i < out->n_effort; i++) {
    if (strcmp(out->effort[i].profile, b.profile) == 0) {
      return df_fail(DF_E_CONFIG, "%s:%d: effort: the entry repeats the profile of line %d", out->path, b.line,
                     out->effort[i].line);
    }
  }
  if (out->n_effort == EFFORT_BANDS_MAX) {
    return df_fail(DF_E_CONFIG, "%s:%d: effort: at most %d entries are allowed", out->path, b.line, EFFORT_BANDS_MAX);
  }
  out->effort[out->n_effort++] = b;
  return DF_OK;
}

static df_status read_effort(const reader* r, const entry* e, const yaml_node_t* node) {
  if (node->type != YAML_SEQUENCE_NODE) return fail_entry(e, "expected a sequence");
  for (const yaml_node_item_t* item = node->data.sequence.items.start; item < node->data.sequence.items.top; item++) {
    DF_TRY(read_effort_band(r, yaml_document_get_node(r->document, *item)));
  }
  return DF_OK;
}

/* ---- methods without accepted numbers ---- */

static df_status read_uncompared(const reader* r, const yaml_node_t* node) {
  expectations* out = r->out;
  if (!node || node->type != YAML_MAPPING_NODE) {
    return df_fail(DF_E_CONFIG, "%s:%d: not_compared: an entry must be a mapping with method and reason", out->path,
                   node ? line_of(node) : 0);
  }
  uncompared one = {.line = line_of(node)};
  for (const yaml_node_pair_t* p = node->data.mapping.pairs.start; p < node->data.mapping.pairs.top; p++) {
    entry e;
    const yaml_node_t* value;
    DF_TRY(read_pair(r, node, p, &e, &value));
    if (strcmp(e.key, "method") == 0) {
      DF_TRY(take_text(&e, one.method, sizeof one.method));
    } else if (strcmp(e.key, "reason") == 0) {
      DF_TRY(take_text(&e, one.reason, sizeof one.reason));
    } else {
      return fail_entry(&e, "unknown key; expected method or reason");
    }
  }
  const char* lacks = !one.method[0] ? "method" : !one.reason[0] ? "reason" : NULL;
  if (lacks) return df_fail(DF_E_CONFIG, "%s:%d: not_compared: the entry has no '%s'", out->path, one.line, lacks);
  for (int i = 0; i < out->n_uncompared; i++) {
    if (strcmp(out->uncompared[i].method, one.method) == 0) {
      return df_fail(DF_E_CONFIG, "%s:%d: not_compared: the entry repeats the method of line %d", out->path, one.line,
                     out->uncompared[i].line);
    }
  }
  out->uncompared = list_grow(out->uncompared, out->n_uncompared, sizeof *out->uncompared);
  out->uncompared[out->n_uncompared++] = one;
  return DF_OK;
}

static df_status read_all_uncompared(const reader* r, const entry* e, const yaml_node_t* node) {
  if (node->type != YAML_SEQUENCE_NODE) return fail_entry(e, "expected a sequence");
  for (const yaml_node_item_t* item = node->data.sequence.items.start; item < node->data.sequence.items.top; item++) {
    DF_TRY(read_uncompared(r, yaml_document_get_node(r->document, *item)));
  }
  return DF_OK;
}

static df_status read_root(const reader* r, const yaml_node_t* root) {
  expectations* out = r->out;
  if (!root || root->type != YAML_MAPPING_NODE) return df_fail(DF_E_FORMAT, "%s:1: expected a mapping", out->path);
  for (const yaml_node_pair_t* p = root->data.mapping.pairs.start; p < root->data.mapping.pairs.top; p++) {
    entry e;
    const yaml_node_t* value;
    int parts[2];
    DF_TRY(read_pair(r, root, p, &e, &value));
    if (strcmp(e.key, "task_version") == 0) {
      DF_TRY(take_count(&e, 1, &out->task_version));
    } else if (strcmp(e.key, "mujoco") == 0) {
      DF_TRY(take_text(&e, out->mujoco, sizeof out->mujoco));
      if (!version_parts(out->mujoco, parts)) return fail_entry(&e, "expected a version, e.g. 3.17");
    } else if (strcmp(e.key, "bands") == 0) {
      DF_TRY(read_bands(r, &e, value));
    } else if (strcmp(e.key, "effort") == 0) {
      DF_TRY(read_effort(r, &e, value));
    } else if (strcmp(e.key, "not_compared") == 0) {
      DF_TRY(read_all_uncompared(r, &e, value));
    } else {
      return fail_entry(&e, "unknown key; expected task_version, mujoco, bands, effort or not_compared");
    }
  }
  const char* lacks = !out->task_version ? "task_version" : !out->mujoco[0] ? "mujoco" : !out->n ? "bands" : NULL;
  return lacks ? df_fail(DF_E_CONFIG, "%s: '%s' is missing", out->path, lacks) : DF_OK;
}

static df_status fail_syntax(const char* path, const yaml_parser_t* parser) {
  return df_fail(DF_E_FORMAT, "%s:%zu: %s", path, parser->problem_mark.line + 1,
                 parser->problem ? parser->problem : "not YAML");
}

/* refuses a second document, whose tolerances would not be checked */
static df_status expect_end(const char* path, yaml_parser_t* parser) {
  yaml_document_t next;
  if (!yaml_parser_load(parser, &next)) return fail_syntax(path, parser);
  const yaml_node_t* root = yaml_document_get_root_node(&next);
  const int line = root ? line_of(root) : 0;
  yaml_document_delete(&next);
  if (!root) return DF_OK;
  return df_fail(DF_E_FORMAT, "%s:%d: a second YAML document begins here; put all tolerances into the first", path,
                 line);
}

static df_status parse(const char* content, size_t n, expectations* out) {
  DF_TRY(df_yaml_check_depth(out->path, content, n));
  yaml_parser_t parser;
  yaml_document_t document;
  if (!yaml_parser_initialize(&parser)) return df_fail(DF_E_NOMEM, "%s: out of memory", out->path);
  yaml_parser_set_input_string(&parser, (const unsigned char*)content, n);
  df_status status;
  if (yaml_parser_load(&parser, &document)) {
    const reader r = {.document = &document, .out = out};
    status = read_root(&r, yaml_document_get_root_node(&document));
    yaml_document_delete(&document);
    if (status == DF_OK) status = expect_end(out->path, &parser);
  } else {
    status = fail_syntax(out->path, &parser);
  }
  yaml_parser_delete(&parser);
  return status;
}

df_status expect_read(const char* path, expectations* out) {
  *out = (expectations){.path = df_strdup(path), .bands = df_alloc(BANDS_MAX, sizeof *out->bands)};
  char* content = NULL;
  size_t n = 0;
  df_status status = out->path && out->bands ? df_file_read(path, &content, &n) : DF_E_NOMEM;
  if (status == DF_OK) status = parse(content, n, out);
  df_free(content);
  if (status != DF_OK) expect_clear(out);
  return status;
}

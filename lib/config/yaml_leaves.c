#include "yaml_leaves.h"

#include <stdio.h>
#include <string.h>
#include <yaml.h>

#include "dynaflow/config/config.h"
#include "dynaflow/config/yaml_depth.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"

/* limits far above any real file; the depth limit also ends the recursion of an alias to one of its own ancestors */
enum { MAX_DEPTH = 8, MAX_LEAVES = 10000, MAX_KEY = 256 };

typedef struct reader {
  const char* path;
  yaml_document_t* document;
  df_yaml* out;
} reader;

static int line_of(const yaml_node_t* node) {
  return (int)node->start_mark.line + 1;
}

/* appends a leaf; a repeated key is an error */
static df_status add_leaf(const reader* r, const char* key, const char* value, const yaml_node_t* node, bool empty) {
  df_yaml* yaml = r->out;
  for (int i = 0; i < yaml->n; i++) {
    if (strcmp(yaml->leaf[i].key, key) == 0) {
      return df_fail(DF_E_CONFIG, "%s:%d: '%s' occurs twice, first in line %d", r->path, line_of(node), key,
                     yaml->leaf[i].line);
    }
  }
  if (yaml->n == MAX_LEAVES) return df_fail(DF_E_FORMAT, "%s: more than %d keys", r->path, MAX_LEAVES);

  /* grow the array by doubling */
  if (yaml->n == yaml->room) {
    const int room = yaml->room > 0 ? 2 * yaml->room : 64;
    df_yaml_leaf* leaf = df_alloc((size_t)room, sizeof *leaf);
    if (!leaf) return DF_E_NOMEM;
    if (yaml->n > 0) memcpy(leaf, yaml->leaf, (size_t)yaml->n * sizeof *leaf);
    df_free(yaml->leaf);
    yaml->leaf = leaf;
    yaml->room = room;
  }
  df_yaml_leaf* leaf = &yaml->leaf[yaml->n];
  *leaf = (df_yaml_leaf){.key = df_strdup(key),
                         .value = df_strdup(value),
                         .line = line_of(node),
                         .sequence = node->type == YAML_SEQUENCE_NODE,
                         .empty = empty};
  yaml->n++;
  return leaf->key && leaf->value ? DF_OK : DF_E_NOMEM;
}

/* the text of a scalar; *null: whether it is null, which a quoted scalar never is */
static df_status scalar(const reader* r, const char* key, const yaml_node_t* node, const char** text, bool* null) {
  *text = (const char*)node->data.scalar.value;
  if (strlen(*text) != node->data.scalar.length) {
    return df_fail(DF_E_FORMAT, "%s:%d: %s: the value contains a zero byte", r->path, line_of(node), key);
  }
  *null = node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
          (**text == '\0' || strcmp(*text, "~") == 0 || strcmp(*text, "null") == 0);
  if (*null) *text = "";
  return DF_OK;
}

/* adds a sequence of scalars as one leaf, joined by commas */
static df_status add_sequence(const reader* r, const char* key, const yaml_node_t* node) {
  char joined[DF_VALUE_MAX] = "";
  size_t n = 0;
  for (const yaml_node_item_t* item = node->data.sequence.items.start; item < node->data.sequence.items.top; item++) {
    const yaml_node_t* part = yaml_document_get_node(r->document, *item);
    if (!part || part->type != YAML_SCALAR_NODE) {
      return df_fail(DF_E_CONFIG, "%s:%d: %s: a sequence may contain only plain values", r->path, line_of(node), key);
    }
    const char* text;
    bool null;
    DF_TRY(scalar(r, key, part, &text, &null));
    if (*text == '\0' || strchr(text, ',')) {
      return df_fail(DF_E_CONFIG, "%s:%d: %s: '%s': a sequence item must not be empty or contain a comma", r->path,
                     line_of(part), key, text);
    }
    n += (size_t)snprintf(joined + n, sizeof joined - n, "%s%s", n > 0 ? "," : "", text);
    if (n >= sizeof joined) return df_fail(DF_E_CONFIG, "%s:%d: %s: too long", r->path, line_of(node), key);
  }
  return add_leaf(r, key, joined, node, false);
}

static df_status walk(const reader* r, const yaml_node_t* node, const char* prefix, int depth);

static df_status walk_pair(const reader* r, const yaml_node_pair_t* pair, const yaml_node_t* mapping,
                           const char* prefix, int depth) {
  const yaml_node_t* name = yaml_document_get_node(r->document, pair->key);
  const yaml_node_t* value = yaml_document_get_node(r->document, pair->value);
  if (!name || !value || name->type != YAML_SCALAR_NODE) {
    return df_fail(DF_E_FORMAT, "%s:%d: a key must be plain text", r->path, line_of(mapping));
  }
  const char* text;
  bool null;
  DF_TRY(scalar(r, "key", name, &text, &null));
  if (*text == '\0') return df_fail(DF_E_FORMAT, "%s:%d: an empty key", r->path, line_of(name));

  /* refuse a name that occurs twice in one mapping: the two parts would be merged without notice */
  for (const yaml_node_pair_t* other = mapping->data.mapping.pairs.start; other < pair; other++) {
    const yaml_node_t* before = yaml_document_get_node(r->document, other->key);
    if (before && before->type == YAML_SCALAR_NODE && strcmp((const char*)before->data.scalar.value, text) == 0) {
      return df_fail(DF_E_CONFIG, "%s:%d: '%s%s%s' occurs twice, first in line %d", r->path, line_of(name), prefix,
                     *prefix ? "." : "", text, line_of(before));
    }
  }

  /* descend with the extended key */
  char key[MAX_KEY];
  if ((size_t)snprintf(key, sizeof key, "%s%s%s", prefix, *prefix ? "." : "", text) >= sizeof key) {
    return df_fail(DF_E_FORMAT, "%s:%d: key '%.40s...' is too long", r->path, line_of(name), text);
  }
  return walk(r, value, key, depth + 1);
}

/* adds all leaves below a node, whose key is `prefix` */
static df_status walk(const reader* r, const yaml_node_t* node, const char* prefix, int depth) {
  if (depth > MAX_DEPTH) {
    return df_fail(DF_E_FORMAT, "%s:%d: '%s' is nested too deeply", r->path, line_of(node), prefix);
  }
  if (node->type == YAML_SEQUENCE_NODE) return add_sequence(r, prefix, node);
  if (node->type == YAML_SCALAR_NODE) {
    const char* text;
    bool null;
    DF_TRY(scalar(r, prefix, node, &text, &null));
    return add_leaf(r, prefix, text, node, null);
  }
  const yaml_node_pair_t* first = node->data.mapping.pairs.start;
  if (first == node->data.mapping.pairs.top) return depth > 0 ? add_leaf(r, prefix, "", node, true) : DF_OK;
  for (const yaml_node_pair_t* pair = first; pair < node->data.mapping.pairs.top; pair++) {
    DF_TRY(walk_pair(r, pair, node, prefix, depth));
  }
  return DF_OK;
}

static df_status fail_syntax(const char* path, const yaml_parser_t* parser) {
  if (parser->error == YAML_MEMORY_ERROR) return df_fail(DF_E_NOMEM, "%s: not enough memory to parse the file", path);
  return df_fail(DF_E_FORMAT, "%s:%zu: %s%s%s", path, parser->problem_mark.line + 1,
                 parser->problem ? parser->problem : "invalid YAML", parser->context ? " " : "",
                 parser->context ? parser->context : "");
}

/* refuses a second document, which would be ignored without notice */
static df_status expect_end(const char* path, yaml_parser_t* parser) {
  yaml_document_t next;
  if (!yaml_parser_load(parser, &next)) return fail_syntax(path, parser);
  const yaml_node_t* root = yaml_document_get_root_node(&next);
  const int line = root ? line_of(root) : 0;
  yaml_document_delete(&next);
  return root ? df_fail(DF_E_FORMAT, "%s:%d: a second document", path, line) : DF_OK;
}

/* parses the text, which must be one YAML document with a mapping at its root */
static df_status parse(const char* path, const char* text, size_t n, df_yaml* out) {
  DF_TRY(df_yaml_check_depth(path, text, n));
  yaml_parser_t parser;
  if (!yaml_parser_initialize(&parser)) return df_fail(DF_E_NOMEM, "%s: not enough memory to parse the file", path);
  yaml_parser_set_input_string(&parser, (const unsigned char*)text, n);
  yaml_document_t document;
  df_status status;
  if (yaml_parser_load(&parser, &document)) {
    const reader r = {.path = path, .document = &document, .out = out};
    const yaml_node_t* root = yaml_document_get_root_node(&document);
    if (!root || root->type != YAML_MAPPING_NODE) {
      status = df_fail(DF_E_FORMAT, "%s: not a mapping of keys to values", path);
    } else {
      status = walk(&r, root, "", 0);
    }
    yaml_document_delete(&document);
    if (status == DF_OK) status = expect_end(path, &parser);
  } else {
    status = fail_syntax(path, &parser);
  }
  yaml_parser_delete(&parser);
  return status;
}

df_status df_yaml_read(const char* path, df_yaml* out) {
  memset(out, 0, sizeof *out);
  char* text;
  size_t n;
  DF_TRY(df_file_read(path, &text, &n));
  const df_status status = parse(path, text, n, out);
  df_free(text);
  if (status != DF_OK) df_yaml_clear(out);
  return status;
}

void df_yaml_clear(df_yaml* yaml) {
  for (int i = 0; i < yaml->n; i++) {
    df_free(yaml->leaf[i].key);
    df_free(yaml->leaf[i].value);
  }
  df_free(yaml->leaf);
  memset(yaml, 0, sizeof *yaml);
}

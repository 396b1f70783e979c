#define _DEFAULT_SOURCE
#include "joint_names.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/words.h"
#include "text.h"

enum { WORDS = 8, LETTERS = 24 };

/* the words of a name in lower case, sorted */
typedef struct words {
  int n;
  char v[WORDS][LETTERS];
} words;

/* names of the three joints of a leg, from the body down */
enum { STAGES = 3 };
static const char* const families[][STAGES] = {
    {"hip", "thigh", "calf"},  {"abduction", "hip", "knee"}, {"abduct", "hip", "knee"}, {"haa", "hfe", "kfe"},
    {"hip", "upper", "lower"}, {"hipx", "hipy", "knee"},     {"hx", "hy", "kn"},        {"roll", "pitch", "knee"},
};
enum { FAMILIES = sizeof families / sizeof *families };

/* ---- units ---- */

static name_unit unit_named(const char* unit, size_t n) {
  static const struct {
    const char* word;
    name_unit unit;
  } known[] = {{"deg", UNIT_DEGREES},
               {"degs", UNIT_DEGREES},
               {"degree", UNIT_DEGREES},
               {"degrees", UNIT_DEGREES},
               {"\xc2\xb0", UNIT_DEGREES},
               {"rad", UNIT_RADIANS},
               {"rads", UNIT_RADIANS},
               {"radian", UNIT_RADIANS},
               {"radians", UNIT_RADIANS},
               {"mm", UNIT_MILLIMETRES},
               {"millimeters", UNIT_MILLIMETRES},
               {"millimetres", UNIT_MILLIMETRES},
               {"cm", UNIT_CENTIMETRES},
               {"centimeters", UNIT_CENTIMETRES},
               {"centimetres", UNIT_CENTIMETRES},
               {"m", UNIT_METRES},
               {"meters", UNIT_METRES},
               {"metres", UNIT_METRES}};
  for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
    if (strlen(known[i].word) == n && strncasecmp(known[i].word, unit, n) == 0) return known[i].unit;
  }
  return UNIT_NONE;
}

/* in brackets, alone or per second; or as the last word, where a letter such as m may be a part of the name */
name_unit name_unit_of(const char* name) {
  const char* open = strpbrk(name, "([");
  if (open) {
    const char* unit = open + 1 + strspn(open + 1, " ");
    const size_t whole = strcspn(unit, ")]"), n = strcspn(unit, " /)]^");
    return unit[whole] ? unit_named(unit, n) : UNIT_NONE;
  }
  const char* last = name + strlen(name);
  while (last > name && isalpha((unsigned char)last[-1])) last--;
  const bool apart = last > name && strchr("_. -", last[-1]);
  return apart && strlen(last) > 1 ? unit_named(last, strlen(last)) : UNIT_NONE;
}

/* ---- words ---- */

static const char* meaning_of(const char* word) {
  static const char* const table[][2] = {{"lf", "fl"}, {"rf", "fr"}, {"lh", "rl"}, {"rh", "rr"},  {"hl", "rl"},
                                         {"hr", "rr"}, {"bl", "rl"}, {"br", "rr"}, {"l", "left"}, {"r", "right"}};
  for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
    if (strcmp(word, table[i][0]) == 0) return table[i][1];
  }
  return word;
}

static const char* const fillers[] = {
    "joint", "jnt",     "j",       "joints", "motor",       "actuator", "act",  "dof",   "q",      "dq",
    "qpos",  "qvel",    "pos",     "vel",    "position",    "velocity", "ang",  "angle", "value",  "deg",
    "rad",   "degrees", "radians", "state",  "observation", "obs",      "ctrl", "cmd",   "action", "target"};

static bool is_filler(const char* word) {
  for (size_t i = 0; i < sizeof fillers / sizeof *fillers; i++) {
    if (strcmp(word, fillers[i]) == 0) return true;
  }
  return false;
}

/* joint1 and j1 are the number alone, as joint_1 */
static const char* number_of(const char* word) {
  static const char* const before[] = {"joint", "jnt", "j", "dof", "motor", "q"};
  for (size_t i = 0; i < sizeof before / sizeof *before; i++) {
    const size_t n = strlen(before[i]);
    if (strncmp(word, before[i], n) == 0 && word[n] && word[n + strspn(word + n, "0123456789")] == '\0')
      return word + n;
  }
  return word;
}

static int index_of(const words* w, const char* word) {
  for (int i = 0; i < w->n; i++) {
    if (strcmp(w->v[i], word) == 0) return i;
  }
  return -1;
}

static void remove_word(words* w, int i) {
  memmove(w->v[i], w->v[i + 1], (size_t)(w->n - i - 1) * sizeof *w->v);
  w->n--;
}

/* a sorted insertion; a ninth word is part of no robot's joint, and dropped */
static void add_word(words* w, const char* word) {
  if (w->n == WORDS) return;
  int i = w->n++;
  for (; i > 0 && strcmp(w->v[i - 1], word) > 0; i--) memcpy(w->v[i], w->v[i - 1], LETTERS);
  snprintf(w->v[i], LETTERS, "%s", word);
}

/* front and right become the leg fr */
static void join_leg(words* w) {
  static const char* const ends[][2] = {{"front", "f"}, {"rear", "r"}, {"hind", "r"}, {"back", "r"}};
  for (size_t e = 0; e < sizeof ends / sizeof *ends; e++) {
    for (int side = 0; side < 2; side++) {
      const int end = index_of(w, ends[e][0]), at = index_of(w, side ? "right" : "left");
      if (end < 0 || at < 0) continue;
      char leg[3] = {ends[e][1][0], side ? 'r' : 'l', '\0'};
      remove_word(w, end > at ? end : at);
      remove_word(w, end > at ? at : end);
      add_word(w, leg);
    }
  }
}

/* the length of a name without a unit in brackets at its end */
static size_t length_without_unit(const char* name) {
  const char* open = strpbrk(name, "([");
  if (!open || name_unit_of(open) == UNIT_NONE) return strlen(name);
  return (size_t)(open - name);
}

/* Splits at every character that is no letter or digit, and where a small letter meets a capital. Fillers are left out
 * unless they are to be kept. */
static words split_words(const char* name, bool keep) {
  words out = {0};
  const char* end = name + length_without_unit(name);
  char word[LETTERS] = "";
  size_t n = 0;
  for (const char* p = name;; p++) {
    const bool letter = p < end && isalnum((unsigned char)*p);
    const bool hump = letter && n > 0 && isupper((unsigned char)*p) && islower((unsigned char)p[-1]);
    if ((!letter || hump) && n > 0) {
      word[n] = '\0';
      if (keep || !is_filler(word)) add_word(&out, meaning_of(keep ? word : number_of(word)));
      n = 0;
    }
    if (letter && n + 1 < sizeof word) word[n++] = (char)tolower((unsigned char)*p);
    if (p >= end) break;
  }
  join_leg(&out);
  return out;
}

/* a name of fillers alone is its fillers */
static words words_of(const char* name) {
  const words out = split_words(name, false);
  return out.n ? out : split_words(name, true);
}

/* the family of which all three words occur among the names, or -1 */
static int family_of(int n, const words* names) {
  for (int f = 0; f < FAMILIES; f++) {
    int found = 0;
    for (int s = 0; s < STAGES; s++) {
      bool any = false;
      for (int i = 0; i < n && !any; i++) any = index_of(&names[i], families[f][s]) >= 0;
      found += any;
    }
    if (found == STAGES) return f;
  }
  return -1;
}

/* replaces the words of the family by the number of the joint in the leg */
static void number_stages(int family, int n, words* names) {
  for (int i = 0; i < n && family >= 0; i++) {
    for (int s = 0; s < STAGES; s++) {
      const int at = index_of(&names[i], families[family][s]);
      if (at < 0) continue;
      remove_word(&names[i], at);
      add_word(&names[i], (const char* const[]){"leg1", "leg2", "leg3"}[s]);
      break;
    }
  }
}

/* ---- matching ---- */

static bool holds(const words* all, const words* part) {
  for (int i = 0; i < part->n; i++) {
    if (index_of(all, part->v[i]) < 0) return false;
  }
  return part->n > 0;
}

/* how far two names are apart; smaller is closer, and 1000 per class of name_match */
static int distance(const char* a, const char* b, const words* wa, const words* wb) {
  if (strcmp(a, b) == 0) return 1000 * NAME_EQUAL;
  const bool in = holds(wb, wa), around = holds(wa, wb);
  if (in && around) return 1000 * NAME_WORDS;
  if (in || around) return 1000 * NAME_PART + (wa->n > wb->n ? wa->n - wb->n : wb->n - wa->n);
  const size_t d = df_edit_distance(a, b);
  return d <= df_word_reach(a) ? 1000 * NAME_SIMILAR + (int)d : 1000 * NAME_UNMATCHED;
}

static void add_names(text* out, int n, const char* const* names) {
  for (int i = 0; i < n; i++) text_add(out, "%s%s", i ? ", " : "", names[i]);
}

static df_status fail_match(const char* what, int n_recorded, const char* const* recorded, int n_model,
                            const char* const* model) {
  text lists = {0};
  text_add(&lists, "recorded: ");
  add_names(&lists, n_recorded, recorded);
  text_add(&lists, "; of the model: ");
  add_names(&lists, n_model, model);
  const df_status status =
      df_fail(DF_E_CONFIG,
              "%s; name the joints in the order of the recording, each with its recorded name if that "
              "differs: --set data.joints=MODEL_NAME=RECORDED_NAME,... (%s)",
              what, text_of(&lists));
  text_clear(&lists);
  return status;
}

/* the words of n names, without regard to how they call the joints of a leg */
static void read_names(int n, const char* const* names, words* out) {
  for (int i = 0; i < n; i++) out[i] = words_of(names[i]);
  number_stages(family_of(n, out), n, out);
}

/* the closest of the model's joints, -1: none is close; *other: another one that is as close, -1: none */
static int closest(const char* recorded, const words* a, int n_model, const char* const* model, const words* b,
                   name_match* how, int* other) {
  int best = 1000 * NAME_UNMATCHED, joint = -1;
  *other = -1;
  for (int k = 0; k < n_model; k++) {
    const int d = distance(recorded, model[k], a, &b[k]);
    if (d == best && joint >= 0) *other = k;
    if (d >= best) continue;
    best = d;
    joint = k;
    *other = -1;
  }
  *how = (name_match)(best / 1000);
  return joint;
}

/* of recorded joints that fit one joint, those that are named like it least closely are none; alike ones are both none
 */
static void refuse_rivals(int n, const name_match* how, int* joint_of) {
  for (int i = 0; i < n; i++) {
    for (int k = 0; k < i && joint_of[i] >= 0; k++) {
      if (joint_of[k] != joint_of[i]) continue;
      const int nearer = (int)how[k] - (int)how[i];
      if (nearer >= 0) joint_of[k] = -1;
      if (nearer <= 0) joint_of[i] = -1;
    }
  }
}

int closest_joints(int n_recorded, const char* const* recorded, int n_model, const char* const* model, int* joint_of,
                   name_match* how) {
  const size_t n = (size_t)n_recorded;
  int found = 0;
  words* a = df_alloc(n + (size_t)n_model, sizeof *a);
  if (!a) return -1;
  read_names(n_recorded, recorded, a);
  read_names(n_model, model, a + n);
  for (int i = 0; i < n_recorded; i++) {
    int other;
    joint_of[i] = closest(recorded[i], &a[i], n_model, model, a + n, &how[i], &other);
    if (other >= 0 || how[i] > NAME_PART) joint_of[i] = -1;
    found += joint_of[i] >= 0;
  }
  df_free(a);
  return found;
}

int find_joints(int n_recorded, const char* const* recorded, int n_model, const char* const* model, int* joint_of) {
  name_match* how = df_alloc((size_t)n_recorded, sizeof *how);
  int found = how ? closest_joints(n_recorded, recorded, n_model, model, joint_of, how) : -1;
  if (found > 0) {
    refuse_rivals(n_recorded, how, joint_of);
    found = 0;
    for (int i = 0; i < n_recorded; i++) found += joint_of[i] >= 0;
  }
  df_free(how);
  return found;
}

bool names_are_numbers(int n, const char* const* names) {
  for (int i = 1; i < n; i++) {
    const char *a = names[0], *b = names[i];
    for (;;) {
      a += strspn(a, "0123456789");
      b += strspn(b, "0123456789");
      if (*a != *b) return false;
      if (!*a) break;
      a++;
      b++;
    }
  }
  return true;
}

df_status match_joints(int n_recorded, const char* const* recorded, int n_model, const char* const* model,
                       int* joint_of, name_match* how) {
  words* a = df_alloc((size_t)n_recorded + (size_t)n_model, sizeof *a);
  if (!a) return DF_E_NOMEM;
  words* b = a + n_recorded;
  read_names(n_recorded, recorded, a);
  read_names(n_model, model, b);
  char what[256] = "";
  for (int i = 0; i < n_recorded && !what[0]; i++) {
    int other;
    const int k = joint_of[i] = closest(recorded[i], &a[i], n_model, model, b, &how[i], &other);
    if (k < 0)
      snprintf(what, sizeof what, "the recorded joint '%s' is not a joint of the model", recorded[i]);
    else if (other >= 0)
      snprintf(what, sizeof what, "the recorded joint '%s' may be '%s' or '%s'", recorded[i], model[k], model[other]);
    for (int j = 0; j < i && !what[0]; j++) {
      if (joint_of[j] == k)
        snprintf(what, sizeof what, "the recorded joints '%s' and '%s' both seem to be '%s'", recorded[j], recorded[i],
                 model[k]);
    }
  }
  df_free(a);
  return what[0] ? fail_match(what, n_recorded, recorded, n_model, model) : DF_OK;
}

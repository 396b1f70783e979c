#include "action_names.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* the longest word that is compared; the names that are shown */
enum { LETTERS = 16, NAMED = 12 };

#define LENGTH(list) (sizeof(list) / sizeof *(list))

/* ---- words ---- */

static bool is_among(const char* word, const char* const* list, size_t n) {
  size_t i = 0;
  while (i < n && strcmp(word, list[i]) != 0) i++;
  return i < n;
}

bool name_has_word(const char* name, const char* const* words, size_t n) {
  bool found = false;
  for (const char* at = name; *at; at += *at != '\0') {
    char word[LETTERS] = "";
    for (size_t m = 0; isalnum((unsigned char)*at); at++) {
      if (isalpha((unsigned char)*at) && m + 1 < sizeof word) word[m++] = (char)tolower((unsigned char)*at);
    }
    found = found || is_among(word, words, n);
  }
  return found;
}

/* ---- commands of actuators ---- */

static const char* const command_words[] = {"action",   "actions", "act",  "ctrl",    "ctrls",    "control",
                                            "controls", "cmd",     "cmds", "command", "commands", "setpoint"};

static bool is_part_of_word(char c) {
  return isalnum((unsigned char)c) != 0;
}

const char* actuator_joint(const df_system* system, int k) {
  const df_actuator a = df_mujoco_actuator_at(system, k);
  const df_joint* joints;
  const int n = df_mujoco_joints(system, &joints);
  return a.joint >= 0 && a.joint < n ? joints[a.joint].name : "";
}

bool is_command_of(const char* part, const char* array, size_t* at) {
  const size_t n = strlen(part);
  for (const char* p = n > 0 ? strstr(array, part) : NULL; p; p = strstr(p + 1, part)) {
    if ((p > array && is_part_of_word(p[-1])) || is_part_of_word(p[n])) continue;
    char rest[256];
    snprintf(rest, sizeof rest, "%.*s %s", (int)(p - array), array, p + n);
    *at = (size_t)(p - array);
    if (name_has_word(rest, command_words, LENGTH(command_words))) return true;
  }
  return false;
}
bool is_actuation_name(const df_system* system, const char* array) {
  static const char* const words[] = {"joint",    "joints",    "pos",    "position", "positions", "qpos",
                                      "torque",   "torques",   "tau",    "ctrl",     "control",   "controls",
                                      "action",   "actions",   "effort", "efforts",  "motor",     "motors",
                                      "actuator", "actuators", "servo",  "servos",   "dof",       "dofs"};
  bool found = name_has_word(array, words, LENGTH(words));
  size_t at;
  for (int k = 0; system && k < system->nu && !found; k++)
    found = is_command_of(df_mujoco_actuator_at(system, k).name, array, &at) ||
            is_command_of(actuator_joint(system, k), array, &at);
  return found;
}

bool is_clock_name(const char* array) {
  static const char* const names[] = {"time", "times", "t", "timestamp", "timestamps", "stamp", "stamps"};
  static const char* const ends[] = {"", "_s", "_ms", "_us", "_ns"};
  const char *slash = strrchr(array, '/'), *own = slash ? slash + 1 : array;
  bool found = false;
  for (size_t i = 0; i < LENGTH(names) && !found; i++) {
    const size_t n = strlen(names[i]);
    found = strncmp(own, names[i], n) == 0 && is_among(own + n, ends, LENGTH(ends));
  }
  return found;
}

/* ---- what nothing uses ---- */

void unused_names_add(unused_names* u, const df_system* system, const char* name) {
  const int k = is_clock_name(name) ? 2 : is_actuation_name(system, name) ? 1 : 0;
  if (u->list[k].n++ < NAMED) text_add(&u->list[k].shown, "%s%s", u->list[k].shown.n ? ", " : "", name);
}

void unused_names_line(const unused_names* u, int k, const char* what, text* out) {
  static const char* const may[] = {"that nothing uses (data.conditions may)",
                                    ("that nothing uses and that, by their names, may be actions or what actuators "
                                     "did, so that they must not be conditions (data.actions_key names actions)"),
                                    "that nothing uses, times by their names (data.rate gives the frame rate)"};
  if (u->list[k].n == 0) return;
  text_add(out, "%s %s: %s", what, may[k], text_of(&u->list[k].shown));
  if (u->list[k].n > NAMED) text_add(out, " and %d more", u->list[k].n - NAMED);
}

void unused_names_clear(unused_names* u) {
  for (int k = 0; k < UNUSED_KINDS; k++) text_clear(&u->list[k].shown);
  *u = (unused_names){0};
}

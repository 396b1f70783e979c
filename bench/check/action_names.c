#define _GNU_SOURCE
#include "action_names.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "joint_names.h"

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

/* what the command of an actuator or joint is called: first the words of controls, then those of targets, which after a
 * number, as in goal_0, may be of anything */
static const char* const command_words[] = {
    "action",  "actions",  "act",       "ctrl",       "ctrls",     "control",   "controls", "cmd",     "cmds",
    "command", "commands", "setpoint",  "target",     "targets",   "desired",   "des",      "goal",    "goals",
    "ref",     "refs",     "reference", "references", "setpoints", "commanded", "demand",   "demanded"};
enum { OF_NUMBERS = 12 };

static bool is_part_of_word(char c) {
  return isalnum((unsigned char)c) != 0;
}

const char* actuator_joint(const df_system* system, int k) {
  const df_actuator a = df_mujoco_actuator_at(system, k);
  const df_joint* joints;
  const int n = df_mujoco_joints(system, &joints);
  return a.joint >= 0 && a.joint < n ? joints[a.joint].name : "";
}

static bool is_number(const char* part) {
  return part[strspn(part, "0123456789")] == '\0';
}

bool is_command_of(const char* part, const char* array, size_t* at) {
  const size_t n = strlen(part), words = is_number(part) ? OF_NUMBERS : LENGTH(command_words);
  for (const char* p = n > 0 ? strcasestr(array, part) : NULL; p; p = strcasestr(p + 1, part)) {
    if ((p > array && is_part_of_word(p[-1])) || is_part_of_word(p[n])) continue;
    char rest[256];
    snprintf(rest, sizeof rest, "%.*s %s", (int)(p - array), array, p + n);
    *at = (size_t)(p - array);
    if (name_has_word(rest, command_words, words)) return true;
  }
  return false;
}

bool name_without_command(const char* array, char rest[NAME_ROOM]) {
  size_t n = 0;
  bool found = false, letter = false;
  for (const char* at = array; *at;) {
    char word[LETTERS] = "";
    size_t m = 0;
    for (; isalnum((unsigned char)at[m]); m++) {
      if (m + 1 < sizeof word) word[m] = (char)tolower((unsigned char)at[m]);
    }
    const bool command = m < sizeof word && is_among(word, command_words, LENGTH(command_words));
    found = found || command;
    m += m == 0;
    for (size_t i = 0; i < m && !command && n + 1 < NAME_ROOM; i++) {
      rest[n++] = at[i];
      letter = letter || isalpha((unsigned char)at[i]);
    }
    at += m;
  }
  rest[n] = '\0';
  return found && letter;
}

/* whether it is the command of an actuator or of its joint, in whatever order and spelling of its words */
static bool is_command_of_words(const df_system* system, const char* array) {
  char rest[NAME_ROOM];
  const char* name = rest;
  bool found = false;
  for (int k = 0; k < system->nu && !found && name_without_command(array, rest); k++) {
    const char* const of[] = {df_mujoco_actuator_at(system, k).name, actuator_joint(system, k)};
    for (int i = 0; i < 2 && !found; i++) {
      int is;
      name_match how;
      found = of[i][0] && closest_joints(1, &name, 1, &of[i], &is, &how) == 1 && how <= NAME_WORDS;
    }
  }
  return found;
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
  return found || (system && is_command_of_words(system, array));
}

bool is_clock_name(const char* array) {
  static const char* const names[] = {"time", "times", "t", "timestamp", "timestamps", "stamp", "stamps"};
  static const char* const ends[] = {"", "_s", "_ms", "_us", "_ns"};
  const char *slash = strrchr(array, '/'), *own = slash ? slash + 1 : array;
  bool found = false;
  for (size_t i = 0; i < LENGTH(names) && !found; i++) {
    const size_t n = strlen(names[i]);
    for (size_t k = 0; k < LENGTH(ends) && strncasecmp(own, names[i], n) == 0 && !found; k++)
      found = strcasecmp(own + n, ends[k]) == 0;
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

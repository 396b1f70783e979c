/* player.h: which state of which motion a window shows: playing, pausing, stepping and seeking. */
#ifndef BENCH_SHOW_PLAYER_H
#define BENCH_SHOW_PLAYER_H

#include <stdbool.h>

#include "shown_motion.h"

enum { SPEED_EXPONENT_MOST = 5 }; /* speeds are at most 2^5 times faster or slower than the first */

typedef struct player {
  const shown* motions;
  int motion;
  double time;  /* since the first state that is shown, s; in [0, duration of the motion] */
  double first; /* speed to begin with, seconds of the motion per second */
  int doubled;  /* the speed is first * 2^doubled */
  bool playing;
} player;

/* Plays the first motion from its first state. */
player player_new(const shown* motions, double speed);

/* The state that is shown: the last one whose time is not later. */
int player_state(const player* p);

double player_speed(const player* p);

/* Lets `seconds` of the clock pass. The last state of a motion stays, and playing ends there. */
void player_advance(player* p, double seconds);

/* Plays or pauses; at the end, plays from the beginning. */
void player_toggle(player* p);

/* Pause, and show the state `states` later or earlier, or the one nearest to a number; at most the last and at least
 * the first. */
void player_step(player* p, int states);
void player_show(player* p, double state);

/* Doubles (1) or halves (-1) the speed. */
void player_change_speed(player* p, int by);

/* Shows the next (1) or previous (-1) motion at the same time, or at its end if it is shorter; after the last comes the
 * first. */
void player_next(player* p, int by);

#endif

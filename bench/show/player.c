#include "player.h"

#include <math.h>

static double dt_of(const player* p) {
  return p->motions->task->system->dt;
}

static int last_state(const player* p) {
  return p->motions->list[p->motion].n - 1;
}

player player_new(const shown* motions, double speed) {
  return (player){.motions = motions, .first = speed, .playing = true};
}

int player_state(const player* p) {
  /* a time of k dt is state k, however it was rounded */
  const int i = (int)floor(p->time / dt_of(p) + 1e-6);
  return i < last_state(p) ? i : last_state(p);
}

double player_speed(const player* p) {
  return ldexp(p->first, p->doubled);
}

static void go_to(player* p, double time) {
  p->time = fmin(fmax(time, 0), last_state(p) * dt_of(p));
}

void player_advance(player* p, double seconds) {
  if (!p->playing) return;
  go_to(p, p->time + seconds * player_speed(p));
  p->playing = player_state(p) < last_state(p);
}

void player_toggle(player* p) {
  if (!p->playing && player_state(p) == last_state(p)) p->time = 0;
  p->playing = !p->playing;
}

void player_step(player* p, int states) {
  player_show(p, player_state(p) + states);
}

void player_show(player* p, double state) {
  p->playing = false;
  go_to(p, round(state) * dt_of(p));
}

void player_change_speed(player* p, int by) {
  const int doubled = p->doubled + by;
  if (doubled >= -SPEED_EXPONENT_MOST && doubled <= SPEED_EXPONENT_MOST) p->doubled = doubled;
}

void player_next(player* p, int by) {
  const int n = p->motions->n;
  p->motion = (p->motion + by + n) % n;
  go_to(p, p->time);
}

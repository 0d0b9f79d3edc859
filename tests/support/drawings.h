/* Simple pictures of a few kinds, for tests of evaluations: no two alike, and never the same half
 * of the picture at the left and at the right. tests/golden/make_eval.py draws the same. */
#ifndef LIMNER_TESTS_DRAWINGS_H
#define LIMNER_TESTS_DRAWINGS_H

#include <stdint.h>

/* Picture i (below 65536) of a kind (any number below 65536), out[size][size][channels]: a disc on
 * a dark ground (i % 4 < 2) or a square on a light one, eyes where i is odd, a bar at the left, a
 * fine texture. */
void draw_picture(int size, int channels, uint32_t kind, int i, uint8_t *out);

#endif
